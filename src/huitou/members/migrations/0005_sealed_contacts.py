"""Contacts in clear become pseudonyms and seals, those in before-images too.

Nothing is lost: a second spelling of a contact that has its pseudonym already is known by the hash
of that spelling. Suppressed addresses were known by a hash that cannot be made again without the
addresses; there is no such installation, so one that has some stops here instead of forgetting them.
"""

import json

from django.db import migrations, models
from django.db.models import Q

from huitou.vault.columns import hex_column
from huitou.vault.fields import SealedTextField
from huitou.vault.hashing import PSEUDONYM_PREFIX, TOKEN_PREFIX, keyed_digest, pseudonyms
from huitou.vault.sealing import seal_many

BATCH_ROWS = 5_000
CONTACT_KINDS = ["email", "named_phone", "payment_account", "phone"]


def seal_contacts(apps, editor):
    """Seal what is on record, in batches."""
    with editor.connection.cursor() as cursor:
        cursor.execute("select 1 from members_suppression limit 1")
        if cursor.fetchone():
            raise RuntimeError(
                "members_suppression holds addresses hashed under the secret key. Note them down, "
                "empty the table, migrate, and suppress them again with `huitou consent suppress`."
            )
        for batch in batches(cursor, "members_member", "phone_clear, email_clear"):
            seal_members(cursor, batch)
        for batch in batches(cursor, "members_conflict", "profile_clear"):
            fill(cursor, "members_conflict", "profile", batch, [text(row[1]) for row in batch])
        contacts = f"kind = any(array{CONTACT_KINDS}) and not starts_with(value, '{TOKEN_PREFIX}')"
        columns = "brand_id, kind, value, member_id, platform, name, owns"
        for batch in batches(cursor, "members_identity", columns, contacts):
            seal_identities(cursor, batch)
        images = "table_name = 'members_member' and before ? 'email'"
        for batch in batches(cursor, "eventlog_beforeimage", "before", images):
            seal_images(cursor, batch)
        # Remade from the pseudonyms; evidence keeps the hash it was written with.
        cursor.execute(
            "select o.id, o.brand_id, i.kind, i.value from members_overusedkey o"
            " join members_identity i on i.id = o.identity_id"
        )
        for key, brand, kind, value in cursor.fetchall():
            family = "phone" if kind == "named_phone" else kind
            fresh = keyed_digest(f"{family}:{value}", purpose="members.key", brand_id=brand)
            cursor.execute(
                "update members_overusedkey set key_hash = %s where id = %s", [fresh.hex(), key]
            )


def text(value):
    """JSON as text; None for nothing said."""
    said = json.loads(value) if isinstance(value, str) else value
    return json.dumps(said, ensure_ascii=False) if said else None


def batches(cursor, table, columns, condition="true"):
    """The rows of a table by id, some at a time."""
    last = 0
    while True:
        cursor.execute(
            f"select id, {columns} from {table} where id > %s and {condition} order by id limit %s",
            [last, BATCH_ROWS],
        )
        rows = cursor.fetchall()
        if not rows:
            return
        yield rows
        last = rows[-1][0]


def fill(cursor, table, column, batch, values):
    """Write ``values`` sealed; '' and None are null."""
    boxes = seal_many([value or None for value in values], table=table, column=column)
    cursor.execute(
        f"update {table} t set {column} = n.box from unnest(%s::bigint[], %s::bytea[]) n (id, box)"
        " where t.id = n.id",
        [[row[0] for row in batch], boxes],
    )


def seal_members(cursor, batch):
    """Phones and e-mails, and the end of phones."""
    fill(cursor, "members_member", "phone", batch, [row[1] for row in batch])
    fill(cursor, "members_member", "email", batch, [row[2] for row in batch])
    cursor.execute(
        "update members_member set phone_tail = right(phone_clear, 4)"
        " where id = any(%s) and phone_clear ~ '^.+[0-9]{4}$'",
        [[row[0] for row in batch]],
    )


def seal_identities(cursor, batch):
    """Pseudonyms in place of contacts, and these sealed."""
    fill(cursor, "members_identity", "sealed", batch, [row[3] for row in batch])
    for key, brand, kind, value, member, platform, name, owns in batch:
        (pseudonym,) = pseudonyms(kind, [value], brand_id=brand)
        cursor.execute(
            "select 1 from members_identity where brand_id = %s and kind = %s and value = %s"
            " and name = %s and (member_id = %s or (owns and %s and platform = %s))",
            [brand, kind, pseudonym, name, member, owns, platform],
        )
        if cursor.fetchone():
            digest = keyed_digest(value, purpose=f"exactly:{kind}", brand_id=brand)
            pseudonym = PSEUDONYM_PREFIX + digest.hex()
        cursor.execute("update members_identity set value = %s where id = %s", [pseudonym, key])


def seal_images(cursor, batch):
    """The same in rows that an undo would put back."""
    found = [row[1] if isinstance(row[1], dict) else json.loads(row[1]) for row in batch]
    for column in ("phone", "email"):
        clear = [image.get(column) or None for image in found]
        boxes = hex_column(seal_many(clear, table="members_member", column=column)).to_pylist()
        for image, value, box in zip(found, clear, boxes, strict=True):
            image[column] = box
            if column == "phone":
                tail = (value or "")[-4:]
                told = len(value or "") > 4 and tail.isascii() and tail.isdigit()
                image["phone_tail"] = tail if told else ""
    cursor.execute(
        "update eventlog_beforeimage b set before = n.before::jsonb"
        " from unnest(%s::bigint[], %s::text[]) n (id, before) where b.id = n.id",
        [[row[0] for row in batch], [json.dumps(image) for image in found]],
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
