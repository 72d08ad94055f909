"""Members and identities written set-wise."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa
from django.db import transaction

from huitou.brands.models import Shop
from huitou.ingest.records import CUSTOMERS
from huitou.members import services
from huitou.members.attribute_values import Said, record_attributes
from huitou.members.attributes import define_attribute
from huitou.members.models import AttributeValue, Identity, Member, TagAssignment
from huitou.members.rule_tags import put_by_rule
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag


def customers(*rows: dict[str, Any]) -> pa.Table:
    """Rows of a customer file."""
    return pa.Table.from_pylist(
        [{"row_no": n, **row} for n, row in enumerate(rows, start=1)], schema=CUSTOMERS
    )


def resolve(shop: Shop, source_ref: int, people: pa.Table) -> services.ResolvedPeople:
    """Resolve within a transaction of its own."""
    with transaction.atomic():
        return services.resolve_people(
            brand_id=shop.brand_id,
            shop_id=shop.pk,
            platform=shop.platform,
            source_ref=source_ref,
            people=people,
            origin="backfill",
            now=NOW,
        )


def declare(shop: Shop, source_ref: int, people: pa.Table) -> list[int]:
    """Resolve and record the profiles; returns the changed positions."""
    with transaction.atomic():
        resolved = resolve(shop, source_ref, people)
        recorded = services.record_profiles(
            brand_id=shop.brand_id,
            source_ref=source_ref,
            people=people,
            resolved=resolved,
            origin="backfill",
            now=NOW,
        )
    return recorded.changed.tolist()


NOW = datetime(2026, 6, 30, 12, 0, tzinfo=UTC)
PHONE = {"id1_kind": "phone", "id1_value": "+8619900000001"}


def test_the_same_identifier_leads_to_the_same_member(shop: Shop) -> None:
    first = resolve(shop, 1, customers({"name": "沈知夏", **PHONE}))
    second = resolve(shop, 2, customers({"name": "沈小姐", **PHONE}))

    assert first.member_ids.tolist() == second.member_ids.tolist()
    assert second.created_ids.size == 0
    assert list(Member.objects.values_list("name", "source_ref")) == [("沈知夏", 1)]


def test_the_same_phone_on_another_platform_is_another_account_of_the_same_person(
    shop: Shop,
) -> None:
    other = Shop.objects.create(brand=shop.brand, slug="jd", name="jd", platform="jd")

    first = resolve(shop, 1, customers(PHONE)).member_ids.tolist()
    second = resolve(other, 2, customers(PHONE)).member_ids.tolist()

    assert list(Member.objects.order_by("id").values_list("id", "merged_into_id")) == [
        (first[0], None),
        (second[0], first[0]),
    ]


def test_a_customer_file_fills_and_replaces_but_silence_changes_nothing(shop: Shop) -> None:
    resolve(shop, 1, customers({"name": "沈", "city": "杭州市", **PHONE}))

    changed = declare(
        shop, 2, customers({"name": "沈知夏", "birthday": date(1992, 3, 8), "city": "", **PHONE})
    )

    member = Member.objects.get()
    assert changed == [0]
    assert (member.name, member.city, member.birthday) == ("沈知夏", "杭州市", date(1992, 3, 8))
    assert declare(shop, 3, customers({"name": "沈知夏", **PHONE})) == []


def test_undo_restores_profiles_and_removes_who_came_with_the_source(shop: Shop) -> None:
    resolve(shop, 1, customers({"name": "沈", **PHONE}))
    declare(
        shop,
        2,
        customers(
            {"name": "沈知夏", **PHONE, "id2_kind": "email", "id2_value": "zhixia@example.com"},
            {"name": "何一舟", "id1_kind": "phone", "id1_value": "+8619900000005"},
        ),
    )
    assert Member.objects.count() == 2

    removed = services.undo(brand_id=shop.brand_id, source_ref=2, in_use=[], now=NOW)

    assert removed == 1
    assert list(Member.objects.values_list("name", "changed_ref")) == [("沈", 1)]
    assert list(Identity.objects.values_list("kind", "source_ref")) == [("phone", 1)]


def test_undo_keeps_a_member_another_source_also_knows(shop: Shop) -> None:
    resolve(shop, 1, customers(PHONE))
    resolve(shop, 2, customers({**PHONE, "id2_kind": "email", "id2_value": "zhixia@example.com"}))

    assert services.undo(brand_id=shop.brand_id, source_ref=1, in_use=[], now=NOW) == 0

    # the phone stays: it is what the other source found the account by
    assert Member.objects.count() == 1
    assert list(Identity.objects.order_by("kind").values_list("kind", flat=True)) == [
        "email",
        "phone",
    ]


def test_of_rows_about_one_member_the_first_that_says_a_thing_counts(shop: Shop) -> None:
    people = customers(
        {"name": "沈知夏", "city": "杭州市", **PHONE},
        {"name": "沈 知夏", "birthday": date(1992, 3, 8), "city": "上海市", **PHONE},
    )

    changed = declare(shop, 1, people)

    member = Member.objects.get()
    assert (member.name, member.birthday, member.city, changed) == (
        "沈知夏",
        date(1992, 3, 8),
        "杭州市",
        [0],
    )
    assert declare(shop, 2, people) == []


def test_what_staff_said_of_a_member_outlives_the_import_that_brought_them(shop: Shop) -> None:
    # given: an import brought two members; staff spoke of one, the import of both
    people = customers(
        {"name": "沈知夏", **PHONE},
        {"name": "顾岚", "id1_kind": "phone", "id1_value": "+8619900000002"},
    )
    kept, gone = resolve(shop, 1, people).member_ids.tolist()
    define_attribute(
        brand_id=shop.brand_id, code="job", kind="text", label_zh="职业", label_en="Job"
    )
    for who, source_ref in [(kept, 1), (gone, 1), (kept, None)]:
        record_attributes(
            brand_id=shop.brand_id,
            said=[Said(who, "job", "teacher")],
            source="imported" if source_ref else "staff",
            source_ref=source_ref,
            now=NOW,
        )

    # when
    with transaction.atomic():
        services.undo(brand_id=shop.brand_id, source_ref=1, in_use=[], now=NOW)

    # then
    assert list(Member.objects.values_list("id", flat=True)) == [kept]
    assert [value.source for value in AttributeValue.objects.all()] == ["staff"]


def test_a_tag_a_rule_keeps_does_not_outlive_the_import_that_brought_the_member(shop: Shop) -> None:
    # given of two members one was tagged by hand, both by a rule
    people = customers(PHONE, {"id1_kind": "phone", "id1_value": "+8619900000002"})
    kept, gone = resolve(shop, 1, people).member_ids.tolist()
    group = create_tag_group(brand_id=shop.brand_id, name="Habits")
    tag = create_tag(brand_id=shop.brand_id, group_id=group, name="vip")
    ids = {"brand_id": shop.brand_id, "tag_id": tag}
    put_by_rule(member_ids=[kept, gone], act=Act("rule", NOW, rule_ref=1), **ids)
    put_tag(member_ids=[kept], act=Act("staff", NOW), **ids)

    # when
    with transaction.atomic():
        services.undo(brand_id=shop.brand_id, source_ref=1, in_use=[], now=NOW)

    # then
    assert list(Member.objects.values_list("id", flat=True)) == [kept]
    assert set(TagAssignment.objects.values_list("account_id", flat=True)) == {kept}
