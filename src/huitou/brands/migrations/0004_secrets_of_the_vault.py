"""Secrets of authenticators are sealed by the vault; the columns stay bytes.

Such secrets were never released under the former key, so none is brought over: one of a development
installation no longer opens and has to be made anew.
"""

from django.db import migrations

import huitou.vault.fields


class Migration(migrations.Migration):
    dependencies = [
        ("brands", "0003_api_key"),
    ]

    operations = [
        migrations.AlterField(
            model_name="authenticator",
            name="sealed_secret",
            field=huitou.vault.fields.SealedTextField(),
        ),
    ]
