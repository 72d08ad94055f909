"""Who orders were sent to is sealed, in before-images too."""

import json

from django.db import migrations, models

from huitou.vault.columns import hex_column
from huitou.vault.fields import SealedTextField
from huitou.vault.hashing import phone_keys
from huitou.vault.sealing import seal_many

BATCH_ROWS = 5_000
TABLE = "commerce_order"


def seal_receivers(apps, editor):
    """Seal what is on record, in batches."""
    with editor.connection.cursor() as cursor:
        columns = "brand_id, receiver_clear, receiver_phone_clear"
        for batch in batches(cursor, TABLE, columns):
            keys = [phone_keys([row[3]], brand_id=row[1])[0] for row in batch]
            cursor.execute(
                f"update {TABLE} t set receiver = n.who, receiver_phone = n.phone,"
                " receiver_key = n.key from"
                " unnest(%s::bigint[], %s::bytea[], %s::bytea[], %s::bytea[]) n (id, who, phone, key)"
                " where t.id = n.id",
                [
                    [row[0] for row in batch],
                    sealed("receiver", [row[2] for row in batch]),
                    sealed("receiver_phone", [row[3] for row in batch]),
                    keys,
                ],
            )
        images = f"table_name = '{TABLE}' and before ? 'receiver_phone'"
        for batch in batches(cursor, "eventlog_beforeimage", "before", images):
            seal_images(cursor, batch)


def sealed(column, values):
    """``values`` sealed; '' and None are null."""
    return seal_many([value or None for value in values], table=TABLE, column=column)


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


def seal_images(cursor, batch):
    """The same in rows that an undo would put back."""
    found = [row[1] if isinstance(row[1], dict) else json.loads(row[1]) for row in batch]
    for image in found:
        phone = image.get("receiver_phone") or ""
        image["receiver_key"] = hex_column(
            phone_keys([phone], brand_id=image["brand_id"])
        ).to_pylist()[0]
    for column in ("receiver", "receiver_phone"):
        boxes = hex_column(sealed(column, [image.get(column) for image in found])).to_pylist()
        for image, box in zip(found, boxes, strict=True):
            image[column] = box
    cursor.execute(
        "update eventlog_beforeimage b set before = n.before::jsonb"
        " from unnest(%s::bigint[], %s::text[]) n (id, before) where b.id = n.id",
        [[row[0] for row in batch], [json.dumps(image) for image in found]],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("commerce", "0002_initial"),
        ("eventlog", "0002_audit"),
    ]

    operations = [
        migrations.RenameField("order", "receiver", "receiver_clear"),
        migrations.RenameField("order", "receiver_phone", "receiver_phone_clear"),
        migrations.AddField("order", "receiver", SealedTextField(null=True)),
        migrations.AddField("order", "receiver_phone", SealedTextField(null=True)),
        migrations.AddField("order", "receiver_key", models.BinaryField(null=True)),
        migrations.RunPython(seal_receivers, elidable=False),
        migrations.RemoveField("order", "receiver_clear"),
        migrations.RemoveField("order", "receiver_phone_clear"),
    ]
