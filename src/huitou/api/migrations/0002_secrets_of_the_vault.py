"""Secrets of connections and webhooks are sealed by the vault; the columns stay bytes.

Such secrets were never released under the former key, so none is brought over: one of a development
installation no longer opens and has to be made anew.
"""

from django.db import migrations

import huitou.vault.fields


class Migration(migrations.Migration):
    dependencies = [
        ("api", "0001_initial"),
    ]

    operations = [
        migrations.AlterField(
            model_name="connection",
            name="secret_sealed",
            field=huitou.vault.fields.SealedTextField(),
        ),
        migrations.AlterField(
            model_name="connection",
            name="session_sealed",
            field=huitou.vault.fields.SealedTextField(null=True),
        ),
        migrations.AlterField(
            model_name="subscription",
            name="secret_sealed",
            field=huitou.vault.fields.SealedTextField(),
        ),
    ]
