import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

# Every identifier on record led to its account, and still does.
OWNERS = "UPDATE members_identity SET owns = true"

APPEND_ONLY = """
CREATE FUNCTION members_identityedge_keeps() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'evidence of identity is never changed: append another edge';
END $$;
CREATE TRIGGER identityedge_append_only BEFORE UPDATE ON members_identityedge
FOR EACH ROW EXECUTE FUNCTION members_identityedge_keeps();
"""
MAY_CHANGE = """
DROP TRIGGER identityedge_append_only ON members_identityedge;
DROP FUNCTION members_identityedge_keeps();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("brands", "0001_initial"),
        ("members", "0002_search_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Conflict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("kind", models.CharField(max_length=24)),
                ("name", models.CharField(max_length=120)),
                ("profile", models.JSONField(db_default={})),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("same", "One person"), ("apart", "Two people")],
                        db_default="open",
                        max_length=8,
                    ),
                ),
                ("source_ref", models.BigIntegerField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "verbose_name": "conflicting customer",
            },
        ),
        migrations.CreateModel(
            name="IdentityEdge",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "verdict",
                    models.CharField(
                        choices=[("same", "One person"), ("apart", "Two people")], max_length=8
                    ),
                ),
                ("rule", models.CharField(max_length=24)),
                ("key_hash", models.CharField(blank=True, db_default="", max_length=64)),
                ("confidence", models.FloatField()),
                ("reason", models.CharField(blank=True, db_default="", max_length=200)),
                ("source_ref", models.BigIntegerField(null=True)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "identity evidence",
            },
        ),
        migrations.CreateModel(
            name="IdentityPolicy",
            fields=[
                (
                    "brand",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="brands.brand",
                    ),
                ),
                (
                    "kinds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=24), size=None
                    ),
                ),
                ("accounts_max", models.PositiveSmallIntegerField()),
            ],
            options={
                "verbose_name": "identity policy",
            },
        ),
        migrations.CreateModel(
            name="OverusedKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("key_hash", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
            ],
            options={
                "verbose_name": "overused key",
            },
        ),
        migrations.CreateModel(
            name="Suggestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("probability", models.FloatField()),
                ("evidence", models.JSONField(db_default=[])),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("same", "One person"), ("apart", "Two people")],
                        db_default="open",
                        max_length=8,
                    ),
                ),
                ("decided_at", models.DateTimeField(null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "verbose_name": "merge suggestion",
            },
        ),
        migrations.RemoveConstraint(
            model_name="identity",
            name="identity_unique",
        ),
        migrations.AddField(
            model_name="identity",
            name="name",
            field=models.CharField(blank=True, db_default="", max_length=120),
        ),
        migrations.AddField(
            model_name="identity",
            name="owns",
            field=models.BooleanField(db_default=False),
        ),
        migrations.AddField(
            model_name="member",
            name="merged_into",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="members.member",
            ),
        ),
        migrations.AddIndex(
            model_name="member",
            index=models.Index(
                condition=models.Q(("merged_into__isnull", False)),
                fields=["merged_into"],
                name="member_merged_into",
            ),
        ),
        migrations.RunSQL(OWNERS, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(
                condition=models.Q(("owns", True)),
                fields=("brand", "platform", "kind", "value", "name"),
                name="identity_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="identity",
            constraint=models.UniqueConstraint(
                fields=("brand", "kind", "value", "member", "name"), name="identity_sighting"
            ),
        ),
        migrations.AddField(
            model_name="conflict",
            name="brand",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="brands.brand",
            ),
        ),
        migrations.AddField(
            model_name="conflict",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="conflict",
            name="member",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
            ),
        ),
        migrations.AddField(
            model_name="conflict",
            name="other",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="members.member",
            ),
        ),
        migrations.AddField(
            model_name="identityedge",
            name="a",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
            ),
        ),
        migrations.AddField(
            model_name="identityedge",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="identityedge",
            name="b",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
            ),
        ),
        migrations.AddField(
            model_name="identityedge",
            name="brand",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="brands.brand",
            ),
        ),
        migrations.AddField(
            model_name="overusedkey",
            name="brand",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="brands.brand",
            ),
        ),
        migrations.AddField(
            model_name="overusedkey",
            name="identity",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.identity"
            ),
        ),
        migrations.AddField(
            model_name="suggestion",
            name="a",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
            ),
        ),
        migrations.AddField(
            model_name="suggestion",
            name="b",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE, related_name="+", to="members.member"
            ),
        ),
        migrations.AddField(
            model_name="suggestion",
            name="brand",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="brands.brand",
            ),
        ),
        migrations.AddField(
            model_name="suggestion",
            name="decided_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="conflict",
            index=models.Index(fields=["brand", "state"], name="conflict_open"),
        ),
        migrations.AddConstraint(
            model_name="conflict",
            constraint=models.UniqueConstraint(fields=("member", "name"), name="conflict_once"),
        ),
        migrations.AddConstraint(
            model_name="identityedge",
            constraint=models.CheckConstraint(
                condition=models.Q(("a__lt", models.F("b"))), name="edge_in_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="identityedge",
            constraint=models.CheckConstraint(
                condition=models.Q(("verdict__in", ["same", "apart"])), name="edge_verdict_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="overusedkey",
            constraint=models.UniqueConstraint(
                fields=("brand", "key_hash"), name="overused_key_once"
            ),
        ),
        migrations.AddIndex(
            model_name="suggestion",
            index=models.Index(fields=["brand", "state", "-probability"], name="suggestion_open"),
        ),
        migrations.AddConstraint(
            model_name="suggestion",
            constraint=models.UniqueConstraint(fields=("a", "b"), name="suggestion_once"),
        ),
        migrations.AddConstraint(
            model_name="suggestion",
            constraint=models.CheckConstraint(
                condition=models.Q(("a__lt", models.F("b"))), name="suggestion_in_order"
            ),
        ),
        migrations.RunSQL(APPEND_ONLY, MAY_CHANGE),
    ]
