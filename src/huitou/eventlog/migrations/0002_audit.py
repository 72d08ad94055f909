"""The audit log: its tables, what nobody may do to them, and the functions of its triggers."""

import django.db.models.functions.datetime
from django.db import migrations, models

import huitou.eventlog.models

APPEND_ONLY = """
create function eventlog_audit_append_only() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only: % of % refused', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;
create trigger audit_append_only before update or delete or truncate
    on eventlog_auditentry for each statement execute function eventlog_audit_append_only();
create trigger audit_append_only before update or delete or truncate
    on eventlog_auditlink for each statement execute function eventlog_audit_append_only();
"""

FUNCTIONS = """
-- A value as the log keeps it: masked when its column is personal, cut when it is long.
create function eventlog_audit_value(value jsonb, masked boolean) returns jsonb
language sql immutable as $$
    select case
        when value is null or value = 'null'::jsonb then 'null'::jsonb
        when masked then '"***"'::jsonb
        when length(value::text) > 2000 then to_jsonb('… ' || length(value::text) || ' characters')
        else value end
$$;

-- Column → [old, new] of the columns that differ; columns that stay null are left out.
create function eventlog_audit_changes(before jsonb, after jsonb, masked text[]) returns jsonb
language sql immutable as $$
    select coalesce(jsonb_object_agg(key, jsonb_build_array(
        eventlog_audit_value(before -> key, key = any(masked)),
        eventlog_audit_value(after -> key, key = any(masked)))), '{}'::jsonb)
    from jsonb_object_keys(coalesce(before, '{}'::jsonb) || coalesce(after, '{}'::jsonb)) key
    where coalesce(before -> key, 'null'::jsonb) <> coalesce(after -> key, 'null'::jsonb)
$$;

create function eventlog_audit_write(
    brand bigint, tab text, row_ref text, op text, row_count bigint, changed jsonb
) returns void language plpgsql as $$
declare
    actor jsonb := coalesce(
        nullif(current_setting('huitou.actor', true), ''), '{"kind": "system"}')::jsonb;
begin
    insert into eventlog_auditentry (generation, xid, at, actor_kind, actor_id, actor_name,
        request_id, reason, brand_id, table_name, row_id, operation, row_count, changes)
    values (coalesce((select number from eventlog_generation), 1), pg_current_xact_id(),
        clock_timestamp(), actor ->> 'kind', (actor ->> 'id')::bigint,
        coalesce(actor ->> 'name', ''), coalesce(actor ->> 'request', ''),
        coalesce(actor ->> 'reason', ''), coalesce(brand, (actor ->> 'brand')::bigint),
        tab, row_ref, op, row_count, changed);
end $$;

-- One entry per row. Arguments: the key column, then the personal columns.
create function eventlog_audit_row() returns trigger language plpgsql as $$
declare
    before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
    after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
    now_or_last jsonb := coalesce(after, before);
    changed jsonb := eventlog_audit_changes(before, after, tg_argv[1:]::text[]);
begin
    if tg_op = 'UPDATE' and changed = '{}'::jsonb then
        return null;
    end if;
    perform eventlog_audit_write(
        case when tg_table_name = 'brands_brand' then (now_or_last ->> 'id')::bigint
             else (now_or_last ->> 'brand_id')::bigint end,
        tg_table_name, now_or_last ->> tg_argv[0], lower(tg_op), 1, changed);
    return null;
end $$;

-- One entry per statement that touched rows; one per row where huitou.audit_rows is on.
create function eventlog_audit_statement() returns trigger language plpgsql as $$
declare
    touched bigint;
    masked text[] := tg_argv[1:]::text[];
begin
    if coalesce(current_setting('huitou.audit_rows', true), '') <> 'on' then
        if tg_op = 'DELETE' then
            select count(*) into touched from rows_before;
        else
            select count(*) into touched from rows_after;
        end if;
        if touched > 0 then
            perform eventlog_audit_write(
                null, tg_table_name, null, lower(tg_op), touched, '{}'::jsonb);
        end if;
        return null;
    end if;
    if tg_op = 'INSERT' then
        perform eventlog_audit_write((j ->> 'brand_id')::bigint, tg_table_name, j ->> tg_argv[0],
            'insert', 1, eventlog_audit_changes(null, j, masked))
        from (select to_jsonb(r) j from rows_after r) found;
    elsif tg_op = 'DELETE' then
        perform eventlog_audit_write((j ->> 'brand_id')::bigint, tg_table_name, j ->> tg_argv[0],
            'delete', 1, eventlog_audit_changes(j, null, masked))
        from (select to_jsonb(r) j from rows_before r) found;
    else
        perform eventlog_audit_write((n.j ->> 'brand_id')::bigint, tg_table_name,
            n.j ->> tg_argv[0], 'update', 1, eventlog_audit_changes(o.j, n.j, masked))
        from (select to_jsonb(r) j from rows_after r) n
        join (select to_jsonb(r) j from rows_before r) o on o.j -> tg_argv[0] = n.j -> tg_argv[0]
        where n.j <> o.j;
    end if;
    return null;
end $$;

create function eventlog_audit_truncate() returns trigger language plpgsql as $$
begin
    perform eventlog_audit_write(null, tg_table_name, null, 'truncate', 0, '{}'::jsonb);
    return null;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("eventlog", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("generation", models.SmallIntegerField()),
                ("xid", huitou.eventlog.models.Xid8Field()),
                ("at", models.DateTimeField()),
                ("actor_kind", models.CharField(max_length=16)),
                ("actor_id", models.BigIntegerField(null=True)),
                ("actor_name", models.CharField(max_length=150)),
                ("request_id", models.CharField(max_length=64)),
                ("reason", models.CharField(max_length=300)),
                ("brand_id", models.BigIntegerField(null=True)),
                ("table_name", models.CharField(max_length=63)),
                ("row_id", models.CharField(max_length=200, null=True)),
                ("operation", models.CharField(max_length=10)),
                ("row_count", models.BigIntegerField()),
                ("changes", models.JSONField()),
            ],
            options={
                "verbose_name": "audit entry",
                "indexes": [
                    models.Index(fields=["generation", "xid", "id"], name="audit_position"),
                    models.Index(fields=["brand_id", "-id"], name="audit_of_brand"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditLink",
            fields=[
                ("seq", models.BigIntegerField(primary_key=True, serialize=False)),
                ("entry_id", models.BigIntegerField(unique=True)),
                ("hash", models.BinaryField()),
                (
                    "chained_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
            ],
            options={
                "verbose_name": "audit link",
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("seq__gt", 0)), name="seq_from_one")
                ],
            },
        ),
        migrations.RunSQL(
            APPEND_ONLY,
            "drop function eventlog_audit_append_only cascade",
        ),
        migrations.RunSQL(
            FUNCTIONS,
            "drop function eventlog_audit_row, eventlog_audit_statement, eventlog_audit_truncate,"
            " eventlog_audit_write, eventlog_audit_changes, eventlog_audit_value cascade",
        ),
    ]
