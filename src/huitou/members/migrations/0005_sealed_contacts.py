"""Contacts in clear become pseudonyms and seals, those in before-images too.

Nothing is lost: a second spelling of a contact that has its pseudonym already is known by the hash
of that spelling. Suppressed addresses were known by a hash that cannot be made again without the
addresses; there is no such installation, so one that has some stops here instead of forgetting them.
"""

from typing import Any

from django.db import migrations, models
from django.db.models import Q

from huitou.vault.backfill import Rows, rows_by_id, seal_column, seal_images
from huitou.vault.fields import SealedTextField
from huitou.vault.hashing import PSEUDONYM_PREFIX, TOKEN_PREFIX, keyed_digests, pseudonyms

CONTACT_KINDS = ["email", "named_phone", "payment_account", "phone"]
TAIL = "^.+[0-9]{4}$"


def seal_contacts(apps: Any, editor: Any) -> None:
    """Seal what is on record, in batches."""
    with editor.connection.cursor() as cursor:
        cursor.execute("select 1 from members_suppression limit 1")
        if cursor.fetchone():
            raise RuntimeError(
                "members_suppression holds addresses hashed under the secret key. Note them down, "
                "empty the table, migrate, and suppress them again with `huitou consent suppress`."
            )
        for batch in rows_by_id(cursor, "members_member", "phone_clear, email_clear"):
            ids = [row[0] for row in batch]
            seal_column(cursor, "members_member", "phone", ids, [row[1] for row in batch])
            seal_column(cursor, "members_member", "email", ids, [row[2] for row in batch])
        cursor.execute(
            "update members_member set phone_tail = right(phone_clear, 4) where phone_clear ~ %s",
            [TAIL],
        )
        for batch in rows_by_id(cursor, "members_conflict", "profile_clear::text"):
            profiles = [row[1] if row[1] != "{}" else None for row in batch]
            seal_column(cursor, "members_conflict", "profile", [row[0] for row in batch], profiles)
        columns = "brand_id, kind, value, member_id, platform, name, owns"
        contacts = f"kind = any(array{CONTACT_KINDS}) and not starts_with(value, '{TOKEN_PREFIX}')"
        for batch in rows_by_id(cursor, "members_identity", columns, contacts):
            seal_identities(cursor, batch)
        seal_images(cursor, "members_member", ("phone", "email"), phone_tail)
        hash_overused(cursor)


def seal_identities(cursor: Any, batch: Rows) -> None:
    """Pseudonyms in place of contacts, and these sealed."""
    ids = [row[0] for row in batch]
    seal_column(cursor, "members_identity", "sealed", ids, [row[3] for row in batch])
    for key, brand, kind, value, member, platform, name, owns in batch:
        (pseudonym,) = pseudonyms(kind, [value], brand_id=brand)
        cursor.execute(
            "select 1 from members_identity where brand_id = %s and kind = %s and value = %s"
            " and name = %s and (member_id = %s or (owns and %s and platform = %s))",
            [brand, kind, pseudonym, name, member, owns, platform],
        )
        if cursor.fetchone():
            (digest,) = keyed_digests([value], purpose=f"exactly:{kind}", brand_id=brand)
            pseudonym = PSEUDONYM_PREFIX + digest.hex()
        cursor.execute("update members_identity set value = %s where id = %s", [pseudonym, key])


def phone_tail(image: dict[str, Any]) -> dict[str, str]:
    """The end of a phone that is still in clear."""
    phone = image["phone"] or ""
    tail = phone[-4:]
    is_told = len(phone) > 4 and tail.isascii() and tail.isdigit()
    return {"phone_tail": tail if is_told else ""}


def hash_overused(cursor: Any) -> None:
    """Remade from the pseudonyms; evidence keeps the hash it was written with."""
    cursor.execute(
        "select o.id, o.brand_id, i.kind, i.value from members_overusedkey o"
        " join members_identity i on i.id = o.identity_id"
    )
    for key, brand, kind, value in cursor.fetchall():
        family = "phone" if kind == "named_phone" else kind
        (fresh,) = keyed_digests([f"{family}:{value}"], purpose="members.key", brand_id=brand)
        cursor.execute(
            "update members_overusedkey set key_hash = %s where id = %s", [fresh.hex(), key]
        )


class Migration(migrations.Migration):
    dependencies = [
        ("eventlog", "0002_audit"),
        ("members", "0004_profile"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="member", name="member_phone_tail"),
        migrations.RenameField("member", "phone", "phone_clear"),
        migrations.RenameField("member", "email", "email_clear"),
        migrations.RenameField("conflict", "profile", "profile_clear"),
        migrations.AddField("member", "phone", SealedTextField(null=True, verbose_name="phone")),
        migrations.AddField("member", "email", SealedTextField(null=True, verbose_name="e-mail")),
        migrations.AddField(
            "member", "phone_tail", models.CharField(blank=True, db_default="", max_length=4)
        ),
        migrations.AddField("conflict", "profile", SealedTextField(null=True)),
        migrations.AddField("identity", "sealed", SealedTextField(null=True)),
        migrations.RunPython(seal_contacts, elidable=False),
        migrations.RemoveField("member", "phone_clear"),
        migrations.RemoveField("member", "email_clear"),
        migrations.RemoveField("conflict", "profile_clear"),
        migrations.AddIndex(
            "member", models.Index(fields=["brand", "phone_tail"], name="member_phone_end")
        ),
        migrations.AddConstraint(
            "identity",
            models.CheckConstraint(
                condition=~Q(kind__in=CONTACT_KINDS)
                | Q(value__startswith=PSEUDONYM_PREFIX, sealed__isnull=False)
                | Q(value__startswith=TOKEN_PREFIX, sealed__isnull=True),
                name="identity_contact_sealed",
            ),
        ),
    ]
