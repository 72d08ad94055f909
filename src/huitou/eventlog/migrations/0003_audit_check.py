"""What checks of the audit log found."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("eventlog", "0002_audit"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("checked", models.BigIntegerField()),
                ("waiting", models.BigIntegerField()),
                ("head_hash", models.CharField(blank=True, default="", max_length=64)),
                ("broken_entry", models.BigIntegerField(null=True)),
                ("problem", models.CharField(blank=True, default="", max_length=200)),
            ],
            options={
                "verbose_name": "audit check",
            },
        ),
    ]
