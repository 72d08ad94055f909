"""How each table is audited: the one list, since only this room may name every other.

A new table adds its line here; ``tests/eventlog/test_audited.py`` fails until it does. ``personal``
columns never reach the audit log in clear.
"""

from __future__ import annotations

from huitou.eventlog.audit import TableAudit


def _rows(*personal: str, key: str = "id") -> TableAudit:
    return TableAudit("rows", personal, key)


def _statements(*personal: str) -> TableAudit:
    return TableAudit("statements", personal)


def _exempt(reason: str) -> TableAudit:
    return TableAudit("exempt", reason=reason)


_QUEUE = _exempt("the job queue: machinery, a row lives for minutes")
_DJANGO = _exempt("written by migrations only, or not used at all")

TABLES: dict[str, TableAudit] = {
    # Who may do what: every row.
    "brands_group": _rows(),
    "brands_brand": _rows(),
    "brands_shop": _rows(),
    "brands_staff": _rows("password", "email", "first_name", "last_name", "last_login"),
    "brands_staffrole": _rows(),
    "brands_grouprole": _rows(),
    "brands_authenticator": _rows("sealed_secret", "last_step"),
    "brands_recoverycode": _rows("digest"),
    "brands_signinlink": _rows("digest", key="staff_id"),
    # The seal of a secret and the moment of its last use are nobody's business.
    "brands_apikey": _rows("secret_sha256", "last_used_at"),
    "api_connection": _rows("token", "secret_sealed", "session_sealed"),
    "api_subscription": _rows("secret_sealed"),
    # A person's own work: every row.
    "ingest_savedmapping": _rows("name"),
    # Filled by imports: one entry per statement.
    "members_member": _statements(
        "name",
        "phone",
        "phone_tail",
        "email",
        "gender",
        "birthday",
        "lunar_birthday",
        "province",
        "city",
    ),
    "members_identity": _statements("value", "sealed", "name"),
    "members_identityedge": _statements("key_hash", "reason"),
    "members_identitypolicy": _rows(key="brand_id"),
    "members_suggestion": _statements("evidence"),
    "members_conflict": _statements("name", "profile"),
    "members_attributedefinition": _rows(),
    "members_attributevalue": _statements("value"),
    "segments_segment": _rows(),
    "segments_segmentversion": _rows(),
    "segments_segmentrefresh": _exempt("written by the refresh itself; it is the record"),
    "members_taggroup": _rows(),
    "members_tag": _rows(),
    "members_tagchange": _statements("reason"),
    "members_tagassignment": _statements(),
    "members_touchpoint": _rows(),
    "members_touch": _statements("summary", "source_id"),
    "members_consententry": _statements("place", "note"),
    "members_suppression": _statements("digest"),
    "members_overusedkey": _exempt("derived: which keys merge nobody at present"),
    "commerce_product": _statements(),
    "commerce_order": _statements("receiver", "receiver_phone", "receiver_key", "remark"),
    "commerce_orderline": _statements(),
    "commerce_refund": _statements("reason"),
    "commerce_review": _statements("nick", "content", "followup", "reply"),
    "ingest_batch": _rows("retry_rows", "header", "file_name", "error"),
    "ingest_quarantinedrow": _statements("value", "original"),
    # What other systems say and are told: each is a log of its own.
    "behaviour_behaviourevent": _exempt("append-only facts, each with its sender's own id"),
    "api_incominghook": _exempt("the log of pushes as they came"),
    "api_parkedmessage": _exempt("messages that wait, with reason and time"),
    "api_reconcilerun": _exempt("the log of polls"),
    "api_delivery": _exempt("the log of messages sent"),
    "api_messageversion": _exempt("which statement of an order is the newest"),
    "api_ratebucket": _exempt("moves with every request of a key"),
    "eventlog_event": _statements("payload"),
    "privacy_privacyrequest": _rows("sought"),
    # Machinery.
    "privacy_tombstone": _exempt("keyed hashes; the request that made them is audited"),
    "privacy_erasedaccount": _exempt("row numbers; the request that made them is audited"),
    "eventlog_auditentry": _exempt("the audit log itself"),
    "eventlog_auditlink": _exempt("the audit log itself"),
    "eventlog_auditcheck": _exempt("what verifying the log found; anybody can verify it anew"),
    "eventlog_beforeimage": _exempt("copies of rows whose changes are audited"),
    "eventlog_cursor": _exempt("moves with every batch of news that is read"),
    "eventlog_generation": _exempt("raised by a restore, outside the running product"),
    "brands_lockout": _exempt("counts failures to sign in, moves with every attempt"),
    "brands_staffsession": _exempt("moves with every visit; signing in changes last_login"),
    "jobs_job": _exempt("progress of work whose effects are audited"),
    "django_session": _exempt("moves with every visit"),
    "django_migrations": _DJANGO,
    "django_content_type": _DJANGO,
    "auth_permission": _DJANGO,
    "auth_group": _rows(),
    "auth_group_permissions": _rows(),
    "brands_staff_groups": _rows(),
    "brands_staff_user_permissions": _rows(),
    "procrastinate_events": _QUEUE,
    "procrastinate_jobs": _QUEUE,
    "procrastinate_periodic_defers": _QUEUE,
    "procrastinate_workers": _QUEUE,
}
