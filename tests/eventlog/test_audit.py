"""Changes leave audit entries, whoever makes them and however."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from huitou.brands.models import Brand, Shop, Staff
from huitou.eventlog.audit import Actor, acting, record_access, row_detail
from huitou.eventlog.models import AuditEntry
from huitou.members.models import Member

LIN = Actor("staff", id=7, name="lin", request="r-1", reason="asked by phone")


def entries(table: str, operation: str) -> list[AuditEntry]:
    return list(AuditEntry.objects.filter(table_name=table, operation=operation).order_by("id"))


def test_raw_sql_leaves_old_and_new_values(brand: Brand) -> None:
    # when
    with connection.cursor() as cursor:
        cursor.execute("update brands_brand set name = 'New' where id = %s", [brand.pk])

    # then
    [entry] = entries("brands_brand", "update")
    assert (entry.row_id, entry.brand_id, entry.changes) == (
        str(brand.pk),
        brand.pk,
        {"name": [brand.name, "New"]},
    )
    assert (entry.actor_kind, entry.actor_id) == ("system", None)


def test_bulk_changes_leave_an_entry_per_row(brand: Brand) -> None:
    # when
    Shop.objects.bulk_create(
        Shop(brand=brand, slug=f"s{n}", name="S", platform="jd") for n in range(3)
    )
    Shop.objects.filter(brand=brand).delete()

    # then
    assert [len(entries("brands_shop", kind)) for kind in ("insert", "delete")] == [3, 3]


def test_an_update_that_changes_nothing_leaves_nothing(brand: Brand) -> None:
    # when
    brand.save()

    # then
    assert entries("brands_brand", "update") == []


def test_personal_columns_are_masked(staff: Staff) -> None:
    # when
    staff.set_password("another-long-phrase")
    staff.email = "lin@example.com"
    staff.save(update_fields=["password", "email"])

    # then
    [entry] = entries("brands_staff", "update")
    assert entry.changes == {"password": ["***", "***"], "email": ["***", "***"]}


def test_the_actor_of_the_block_is_named_also_after_a_rollback(brand: Brand) -> None:
    # when
    with acting(LIN):
        with contextlib.suppress(ZeroDivisionError), transaction.atomic():
            Brand.objects.filter(pk=brand.pk).update(name="Lost")
            _ = 1 / 0
        Brand.objects.filter(pk=brand.pk).update(name="Kept")
    Brand.objects.filter(pk=brand.pk).update(name="Later")

    # then
    found = [
        (e.actor_kind, e.actor_id, e.actor_name, e.request_id, e.reason, e.changes["name"][1])
        for e in entries("brands_brand", "update")
    ]
    assert found == [
        ("staff", 7, "lin", "r-1", "asked by phone", "Kept"),
        ("system", None, "", "", "", "Later"),
    ]


def test_a_block_that_only_reads_sends_nothing(
    brand: Brand, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1), acting(LIN):
        Brand.objects.count()


def test_a_table_imports_fill_leaves_one_entry_per_statement(brand: Brand) -> None:
    # when
    Member.objects.bulk_create(Member(brand=brand, name=f"m{n}") for n in range(4))
    Member.objects.filter(brand=brand).update(city="杭州市")
    Member.objects.filter(name="nobody").delete()

    # then
    found = AuditEntry.objects.filter(table_name="members_member").order_by("id")
    assert list(found.values_list("operation", "row_count", "row_id", "changes")) == [
        ("insert", 4, None, {}),
        ("update", 4, None, {}),
    ]


def test_a_persons_change_of_such_a_table_leaves_each_row(brand: Brand) -> None:
    # given
    member = Member.objects.create(brand=brand, name="沈知夏", city="杭州市")

    # when
    with acting(LIN), row_detail():
        Member.objects.filter(pk=member.pk).update(changed_ref=7, phone="19900000001")
    Member.objects.filter(pk=member.pk).update(city="北京市")

    # then
    detailed, counted = entries("members_member", "update")
    assert (detailed.row_id, detailed.brand_id, detailed.actor_id) == (
        str(member.pk),
        brand.pk,
        7,
    )
    assert detailed.changes == {"changed_ref": [None, 7], "phone": [None, "***"]}
    assert (counted.row_id, counted.changes) == (None, {})


def test_a_look_at_personal_data_is_recorded(brand: Brand) -> None:
    # when
    record_access(LIN, "members.phone", [5], "call back", brand_id=brand.pk)
    record_access(LIN, "members.phone", [5, 6], "export")
    record_access(LIN, "members.phone", [], "nothing shown")

    # then
    found = [
        (e.row_id, e.row_count, e.reason, e.changes, e.actor_id)
        for e in entries("members.phone", "access")
    ]
    assert found == [
        ("5", 1, "call back", {"subjects": [5]}, 7),
        (None, 2, "export", {"subjects": [5, 6]}, 7),
    ]


@pytest.mark.parametrize(
    "sql",
    [
        "update eventlog_auditentry set reason = 'x'",
        "delete from eventlog_auditentry",
        "update eventlog_auditlink set seq = 9",
        "delete from eventlog_auditlink",
    ],
)
def test_the_log_is_append_only(brand: Brand, sql: str) -> None:
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)


def test_a_long_value_is_cut(brand: Brand) -> None:
    # when
    with connection.cursor() as cursor:
        cursor.execute("select eventlog_audit_value(to_jsonb(repeat('a', 3000)), false)")
        [value] = cursor.fetchone()

    # then
    assert value == '"… 3002 characters"'
