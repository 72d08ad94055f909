"""What members keeps about people."""

from __future__ import annotations

from huitou.vault.hashing import EMAIL, PHONE
from huitou.vault.personal import ROW_KIND, Category, Erase, Personal, Shown, TableMap, declare

_OF_ACCOUNT = "t.brand_id = %(brand)s and t.account_id = any(%(accounts)s)"
_OF_PAIRS = "t.brand_id = %(brand)s and (t.a_id = any(%(accounts)s) or t.b_id = any(%(accounts)s))"


TABLES = (
    TableMap(
        "members_member",
        ("Member", "会员档案"),
        personal={
            "public_id": Personal(Category.IDENTIFIER, Erase.RENEW, Shown.CLEAR, "member"),
            "name": Personal(Category.NAME, Erase.EMPTY, Shown.CLEAR),
            "phone": Personal(Category.CONTACT, Erase.NULL, kind=PHONE, sealed="phone"),
            "phone_tail": Personal(Category.CONTACT, Erase.EMPTY),
            "email": Personal(Category.CONTACT, Erase.NULL, kind=EMAIL, sealed="email"),
            "gender": Personal(Category.DEMOGRAPHIC, Erase.EMPTY, Shown.CLEAR),
            "birthday": Personal(Category.DEMOGRAPHIC, Erase.NULL, Shown.CLEAR),
            "lunar_birthday": Personal(Category.DEMOGRAPHIC, Erase.NULL, Shown.CLEAR),
            "province": Personal(Category.ADDRESS, Erase.EMPTY, Shown.CLEAR),
            "city": Personal(Category.ADDRESS, Erase.EMPTY, Shown.CLEAR),
        },
        owned="t.brand_id = %(brand)s and t.id = any(%(accounts)s)",
    ),
    TableMap(
        "members_identity",
        ("Identifiers", "身份标识"),
        # A token stays, so that the same file again finds the anonymous member.
        personal={
            "value": Personal(Category.IDENTIFIER, Erase.TOKEN, kind=ROW_KIND, sealed="sealed"),
            "sealed": Personal(Category.CONTACT, Erase.NULL, Shown.NEVER, sealed="sealed"),
            "name": Personal(Category.NAME, Erase.TOKEN, Shown.NEVER, "name"),
        },
        plain={"platform": "a code", "kind": "a code"},
        owned="t.brand_id = %(brand)s and t.member_id = any(%(accounts)s)",
        # Seen with accounts of others, who sent parcels there.
        mentioned="t.brand_id = %(brand)s and t.kind = 'named_phone'"
        " and t.value = any(%(pseudonyms)s)",
    ),
    TableMap(
        "members_identityedge",
        ("Identity evidence", "同一人依据"),
        personal={
            "key_hash": Personal(Category.IDENTIFIER, Erase.EMPTY, Shown.NEVER),
            "reason": Personal(Category.CONTENT, Erase.EMPTY, Shown.CLEAR),
        },
        plain={"verdict": "a code", "rule": "a code"},
        owned=_OF_PAIRS,
    ),
    TableMap(
        "members_overusedkey",
        ("Overused keys", "多人共用标识"),
        personal={"key_hash": Personal(Category.IDENTIFIER, Erase.EMPTY, Shown.NEVER)},
        owned="t.identity_id in (select i.id from members_identity i where"
        " i.brand_id = %(brand)s and i.member_id = any(%(accounts)s))",
        delete=True,
    ),
    TableMap("members_identitypolicy", ("Identity policy", "合并规则"), plain={"kinds": "codes"}),
    TableMap(
        "members_suggestion",
        ("Merge suggestions", "合并建议"),
        personal={"evidence": Personal(Category.COPY, Erase.EMPTY, Shown.CLEAR)},
        plain={"state": "a code"},
        owned=_OF_PAIRS,
        delete=True,
    ),
    TableMap(
        "members_conflict",
        ("Conflicting customers", "同号异名"),
        personal={
            "name": Personal(Category.NAME, Erase.EMPTY, Shown.CLEAR),
            "profile": Personal(Category.COPY, Erase.NULL, sealed="profile"),
        },
        plain={"kind": "a code", "state": "a code"},
        owned="t.brand_id = %(brand)s"
        " and (t.member_id = any(%(accounts)s) or t.other_id = any(%(accounts)s))",
        delete=True,
    ),
    TableMap(
        "members_attributedefinition",
        ("Attributes", "属性定义"),
        plain=dict.fromkeys(
            ("code", "label_zh", "label_en", "kind", "unit", "choices"), "the brand's own words"
        ),
    ),
    TableMap(
        "members_attributevalue",
        ("Attribute values", "属性值"),
        personal={"value": Personal(Category.DEMOGRAPHIC, Erase.EMPTY, Shown.CLEAR)},
        plain={"source": "a code"},
        owned=_OF_ACCOUNT,
        delete=True,
    ),
    # Proof of what was agreed stays, without what names the person.
    TableMap(
        "members_consententry",
        ("Consent", "同意记录"),
        personal={
            "place": Personal(Category.CONTENT, Erase.EMPTY, Shown.CLEAR),
            "note": Personal(Category.CONTENT, Erase.EMPTY, Shown.CLEAR),
        },
        plain={
            "channel": "a code",
            "purpose": "a code",
            "decision": "a code",
            "source": "a code",
            "wording": "a version of a text",
        },
        owned=_OF_ACCOUNT,
    ),
    # Who asked not to be written to is not written to after an erasure either.
    TableMap(
        "members_suppression",
        ("Suppressed addresses", "禁止触达"),
        plain={
            "kind": "a code",
            "digest": "a keyed digest",
            "reason": "a code",
            "lifted_note": "why staff lifted it; forms ask not to name the person",
        },
    ),
    TableMap("members_taggroup", ("Tag groups", "标签组"), plain={"name": "the brand's word"}),
    TableMap("members_tag", ("Tags", "标签"), plain={"name": "the brand's word"}),
    TableMap(
        "members_tagchange",
        ("Tagging", "打标签"),
        plain={
            "verb": "a code",
            "source": "a code",
            "reason": "why staff tagged, often many; forms ask not to name the person",
        },
    ),
    TableMap(
        "members_touchpoint",
        ("Touchpoints", "触点"),
        plain=dict.fromkeys(("code", "name", "kind", "note"), "the brand's own words"),
    ),
    TableMap(
        "members_touch",
        ("Touches", "接触记录"),
        personal={
            "summary": Personal(Category.CONTENT, Erase.EMPTY, Shown.CLEAR),
            "source_id": Personal(Category.IDENTIFIER, Erase.EMPTY, Shown.NEVER),
        },
        plain={"direction": "a code"},
        owned="t.account_id = any(%(accounts)s)",
        delete=True,
    ),
)


def declare_tables() -> None:
    """Declare the room's tables."""
    declare(TABLES)
