"""Who orders were sent to is sealed, in before-images too."""

from typing import Any

from django.db import migrations, models

from huitou.vault.backfill import rows_by_id, seal_column, seal_images
from huitou.vault.fields import SealedTextField
from huitou.vault.hashing import phone_keys

TABLE = "commerce_order"


def seal_receivers(apps: Any, editor: Any) -> None:
    """Seal what is on record, in batches."""
    with editor.connection.cursor() as cursor:
        columns = "brand_id, receiver_clear, receiver_phone_clear"
        for batch in rows_by_id(cursor, TABLE, columns):
            ids = [row[0] for row in batch]
            seal_column(cursor, TABLE, "receiver", ids, [row[2] for row in batch])
            seal_column(cursor, TABLE, "receiver_phone", ids, [row[3] for row in batch])
            keys = [phone_keys([row[3]], brand_id=row[1])[0] for row in batch]
            cursor.execute(
                f"update {TABLE} t set receiver_key = n.key"
                " from unnest(%s::bigint[], %s::bytea[]) n (id, key) where t.id = n.id",
                [ids, keys],
            )
        seal_images(cursor, TABLE, ("receiver", "receiver_phone"), receiver_key)


def receiver_key(image: dict[str, Any]) -> dict[str, str | None]:
    """The key of a phone that is still in clear."""
    (key,) = phone_keys([image["receiver_phone"] or ""], brand_id=image["brand_id"])
    return {"receiver_key": None if key is None else "\\x" + key.hex()}


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
