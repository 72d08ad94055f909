"""Attributes: defined by a brand, said by sources, never overwritten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from pytest_django import DjangoAssertNumQueries

from huitou.brands.models import Brand
from huitou.eventlog.models import Event
from huitou.kernel.errors import RefusedInputError
from huitou.members.attribute_values import Said, current_attributes, record_attributes
from huitou.members.attributes import (
    Attribute,
    Choice,
    attributes,
    define_attribute,
    define_usual_attributes,
    parsed_value,
    retire_attribute,
)
from huitou.members.models import AttributeValue, Member
from huitou.members.queries import accounts_of
from tests.factories import make_brand
from tests.members.people import NOW, member


def define(brand: Brand, kind: str, code: str = "thing") -> Attribute:
    """An attribute of the brand, choices tea and coffee when it has any."""
    choices = [Choice("tea", "茶", "Tea"), Choice("coffee", "咖啡", "Coffee")]
    return define_attribute(
        brand_id=brand.pk,
        code=code,
        kind=kind,
        label_zh="东西",
        label_en="Thing",
        choices=choices if kind == "choice" else (),
    )


def say(brand: Brand, who: Member, value: str, source: str = "staff", days: int = 0) -> int:
    """Record one value of ``thing`` said ``days`` before now; returns how many are new."""
    said = Said(who.pk, "thing", value, NOW - timedelta(days=days))
    return record_attributes(brand_id=brand.pk, said=[said], source=source, now=NOW).recorded


def value_of(brand: Brand, who: Member) -> object:
    """What holds of ``thing``."""
    found = current_attributes(brand.pk, accounts_of(brand.pk, [who.pk]))
    statement = found.get(who.pk, {}).get("thing")
    return statement and statement.value


@pytest.mark.parametrize(
    ("kind", "typed", "stored"),
    [
        ("text", "  茶 tea ", "茶 tea"),
        ("integer", "1,200", 1200),
        ("integer", "-3", -3),
        ("decimal", "12.50", "12.50"),
        ("decimal", "1e3", "1000"),
        ("date", "2026/05/01", "2026-05-01"),
        ("boolean", "是", True),
        ("boolean", "No", False),
        ("choice", "咖啡", "coffee"),
        ("choice", "tea", "tea"),
        ("text", " ", None),
    ],
)
def test_values_are_read_as_people_write_them(
    brand: Brand, kind: str, typed: str, stored: object
) -> None:
    assert parsed_value(define(brand, kind), typed) == stored


@pytest.mark.parametrize(
    ("kind", "typed", "advice"),
    [
        ("text", "x" * 501, "write at most 500 characters"),
        ("text", "a\0b", "write at most 500 characters"),
        ("integer", "1.5", "write a whole number such as 12"),
        ("integer", "9" * 19, "write a whole number such as 12"),
        ("integer", "１２x", "write a whole number such as 12"),
        ("decimal", "NaN", "write a number such as 12.5"),
        ("decimal", "1e400", "write a number such as 12.5"),
        ("date", "2026-02-30", "write a date such as 2026-05-01"),
        ("boolean", "maybe", "write yes or no"),
        ("choice", "water", "write one of: tea, coffee"),
    ],
)
def test_values_that_do_not_fit_are_refused_with_advice(
    brand: Brand, kind: str, typed: str, advice: str
) -> None:
    attribute = define(brand, kind)

    with pytest.raises(RefusedInputError) as refused:
        parsed_value(attribute, typed)

    assert refused.value.code == kind.upper()
    assert advice in str(refused.value)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"code": "Big Thing"}, "CODE"),
        ({"kind": "colour"}, "KIND"),
        ({"label_en": " "}, "LABEL"),
        ({"kind": "choice"}, "CHOICES"),
        ({"choices": [Choice("a", "甲", "A")]}, "CHOICES"),
    ],
)
def test_definitions_that_make_no_sense_are_refused(
    brand: Brand, changed: dict[str, object], code: str
) -> None:
    values = {"code": "thing", "kind": "text", "label_zh": "东西", "label_en": "Thing", **changed}

    with pytest.raises(RefusedInputError) as refused:
        define_attribute(brand_id=brand.pk, **values)  # type: ignore[arg-type]

    assert refused.value.code == code
    assert attributes(brand.pk) == []


def test_a_code_is_taken_once_in_a_brand_and_free_in_another(brand: Brand) -> None:
    define(brand, "text")
    define(make_brand(), "text")

    with pytest.raises(RefusedInputError) as refused:
        define(brand, "date")
    assert refused.value.code == "ATTRIBUTE_EXISTS"


def test_the_usual_attributes_are_added_once(brand: Brand) -> None:
    assert define_usual_attributes(brand_id=brand.pk) == 5
    assert define_usual_attributes(brand_id=brand.pk) == 0


def test_what_the_member_said_stands_against_a_later_inference(brand: Brand) -> None:
    # given
    define(brand, "text")
    who = member(brand)

    # when
    say(brand, who, "teacher", "declared", days=300)
    say(brand, who, "student", "inferred")

    # then
    assert value_of(brand, who) == "teacher"
    assert AttributeValue.objects.count() == 2


def test_saying_that_there_is_no_value_ends_the_value(brand: Brand) -> None:
    define(brand, "text")
    who = member(brand)
    say(brand, who, "teacher", days=1)

    say(brand, who, "")

    assert value_of(brand, who) is None


def test_the_same_statement_again_changes_nothing(brand: Brand) -> None:
    define(brand, "text")
    who = member(brand)

    assert [say(brand, who, "teacher"), say(brand, who, "teacher")] == [1, 0]
    assert Event.objects.filter(kind="members.attributes_recorded").count() == 1


def test_an_inference_repeated_unchanged_is_kept_once(brand: Brand) -> None:
    define(brand, "integer")
    who = member(brand)

    counts = [say(brand, who, value, "inferred", days) for value, days in
              [("1", 3), ("1", 2), ("2", 1), ("1", 0)]]  # fmt: skip

    assert counts == [1, 0, 1, 1]
    assert value_of(brand, who) == 1


def test_good_values_are_recorded_beside_refused_ones(brand: Brand) -> None:
    define(brand, "integer")
    who = member(brand)
    said = [
        Said(who.pk, "thing", "7"),
        Said(who.pk, "thing", "seven"),
        Said(who.pk, "nothing", "7"),
        Said(who.pk, "thing", "8", NOW + timedelta(days=1)),
    ]

    done = record_attributes(brand_id=brand.pk, said=said, source="staff", now=NOW)

    assert (done.recorded, done.known) == (1, 0)
    assert [(r.position, r.code) for r in done.refused] == [
        (1, "INTEGER"),
        (2, "ATTRIBUTE"),
        (3, "FUTURE"),
    ]


def test_a_retired_attribute_keeps_its_values_and_takes_no_more(brand: Brand) -> None:
    define(brand, "text")
    who = member(brand)
    say(brand, who, "teacher", days=1)

    retire_attribute(brand_id=brand.pk, code="thing", now=NOW)

    assert say(brand, who, "nurse") == 0
    assert value_of(brand, who) == "teacher"


def test_another_brands_member_is_refused(brand: Brand) -> None:
    define(brand, "text")
    stranger = member(make_brand())

    with pytest.raises(RefusedInputError) as refused:
        say(brand, stranger, "teacher")
    assert refused.value.code == "MEMBER"


def test_all_accounts_of_many_members_are_read_at_once(
    brand: Brand, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    # given
    define(brand, "text")
    people = [member(brand) for _ in range(3)]
    second = member(brand, people[0])
    say(brand, people[0], "teacher", days=2)
    say(brand, second, "nurse", days=1)
    say(brand, people[1], "clerk")
    accounts = accounts_of(brand.pk, [who.pk for who in people])

    # when
    with django_assert_num_queries(1):
        found = current_attributes(brand.pk, accounts)

    # then
    assert {who: values["thing"].value for who, values in found.items()} == {
        people[0].pk: "nurse",
        people[1].pk: "clerk",
    }
