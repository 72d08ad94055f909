"""What purchases say of a member, by hand: promotions, presents, habits, goods, places."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from huitou.brands.models import Brand, Platform
from huitou.eventlog.services import append
from huitou.insight import keywords, places, queries, services
from huitou.insight.traits import BY_NAME, TRAITS
from huitou.insight.traits.persons import CHANNELS
from huitou.members.models import Member
from tests.factories import make_shop
from tests.insight.histories import NOW, Bought, make_members, store

AS_OF = date(2024, 6, 30)
MONDAY, SATURDAY = date(2024, 6, 3), date(2024, 6, 1)


def traits_of(brand: Brand, *orders: dict[str, Any], others: tuple[Bought, ...] = ()) -> Any:
    """The traits of somebody with these orders; ``others`` are those of member 1."""
    members = make_members(brand, 2)
    mine = [
        Bought(**{"number": n, "shop": 0, "member": 0, "day": MONDAY} | order)
        for n, order in enumerate(orders)
    ]
    store(brand, [make_shop(brand)], members, [*mine, *others])
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    return queries.member_traits(brand.pk, members)[members[0]]


def only(traits: dict[str, Any], *names: str) -> list[Any]:
    return [traits[name] for name in names]


FULL = {"list_minor": 1000, "discount_minor": 99}
REDUCED = {"list_minor": 1000, "discount_minor": 100}
COUPON = {"coupon_minor": 1}
UNTOLD: dict[str, Any] = {"list_minor": None}
# The other half of a brand in which half of all purchases are on promotion.
HALF = tuple(Bought(100 + n, 0, 1, MONDAY, **(REDUCED if n % 2 else FULL)) for n in range(20))


@pytest.mark.parametrize(
    ("orders", "share", "always"),
    [
        ([REDUCED, COUPON], 1.0, True),
        ([REDUCED], 1.0, False),
        ([REDUCED, REDUCED, FULL], 2 / 3, False),
        ([REDUCED, REDUCED, UNTOLD], 1.0, False),
        ([UNTOLD, UNTOLD], None, None),
        ([FULL, FULL], 0.0, False),
    ],
    ids=["always", "once", "mostly", "untold", "nothing-told", "never"],
)
def test_who_only_buys_on_promotion(
    brand: Brand, home: Path, orders: list[dict[str, Any]], share: float, always: bool
) -> None:
    traits = traits_of(brand, *orders)
    assert only(traits, "discount_share", "promotion_only") == [share, always]


@pytest.mark.parametrize(
    ("reduced", "full", "code"),
    [(1, 0, "medium"), (2, 0, "high"), (0, 1, "medium"), (0, 2, "low"), (3, 3, "medium")],
)
def test_sensitivity_needs_two_purchases_alike(
    brand: Brand, home: Path, reduced: int, full: int, code: str
) -> None:
    # given a brand at half; with one purchase alike the member stands at (1 + 4/2) / 5 or beside
    orders = [REDUCED] * reduced + [FULL] * full
    traits = traits_of(brand, *orders, others=HALF)
    assert traits["discount_sensitivity"] == code


def sent_to(*receivers: int) -> list[dict[str, Any]]:
    return [{"receiver": receiver} for receiver in receivers]


NOTE = {"remark": "送人，请附贺卡"}


@pytest.mark.parametrize(
    ("orders", "code", "sure", "receivers"),
    [
        (sent_to(0, 0), "self", 2 / 4, 1),
        (sent_to(0, 1, 0, 1), "self", 4 / 6, 2),
        ([NOTE], "gift", 1 / 2, None),
        ([NOTE, *sent_to(0)], "both", 1 / 2, 1),
        (sent_to(1, 2, 3), "gift", 1 / 2, 3),
        (sent_to(0, 0, 1, 2, 3), "both", 2 / 3, 4),
        ([{}], None, None, None),
    ],
    ids=["self", "home-and-work", "a-note", "note-and-self", "scattered", "friends", "untold"],
)
def test_for_whom_they_buy(
    brand: Brand,
    home: Path,
    orders: list[dict[str, Any]],
    code: str | None,
    sure: float | None,
    receivers: int | None,
) -> None:
    traits = traits_of(brand, *orders)
    assert only(traits, "buys_for", "buys_for_confidence", "receivers") == [code, sure, receivers]


def test_habits_are_the_most_frequent_with_their_smoothed_share(brand: Brand, home: Path) -> None:
    # given hours in UTC, eight less than in Shanghai
    traits = traits_of(
        brand,
        {"device": "APP", "hour": 1, "day": SATURDAY},
        {"device": "APP", "hour": 12, "day": SATURDAY},
        {"device": "pos", "hour": 13, "day": MONDAY},
    )

    # then two of three, with one more of each of three devices, four hours, two kinds of day
    assert only(traits, "device", "device_confidence") == ["phone", 3 / 6]
    assert only(traits, "hour_band", "hour_band_confidence") == ["evening", 3 / 7]
    assert only(traits, "week_habit", "week_habit_confidence") == ["weekend", 3 / 5]


@pytest.mark.parametrize(
    ("weekends", "weekdays", "habit"),
    [(4, 3, "weekend"), (3, 3, "any"), (1, 6, "weekday"), (1, 5, "any"), (0, 1, "weekday")],
)
def test_a_week_habit_is_twice_or_half_of_chance(
    brand: Brand, home: Path, weekends: int, weekdays: int, habit: str
) -> None:
    traits = traits_of(brand, *[{"day": SATURDAY}] * weekends, *[{"day": MONDAY}] * weekdays)
    assert traits["week_habit"] == habit


def bought(*codes: str) -> dict[str, Any]:
    return {"goods": tuple((code, 1, 1000) for code in codes)}


def test_goods_hint_at_family_gender_and_age(brand: Brand, home: Path) -> None:
    # given baby milk twice, a toy, a dress, and a candle for students
    traits = traits_of(brand, bought("b1", "c1", "w1"), bought("b1", "s2"))

    # then
    assert only(traits, "family_role", "family_role_confidence") == ["baby", 2 / 4]
    assert only(traits, "likely_gender", "likely_gender_confidence") == ["female", 2 / 3]
    assert only(traits, "age_band", "age_band_confidence") == ["25_39", 3 / 7]


def test_even_hints_at_gender_are_none(brand: Brand, home: Path) -> None:
    traits = traits_of(brand, bought("w1", "m1"))
    assert only(traits, "likely_gender", "likely_gender_confidence") == [None, 2 / 4]


def test_english_words_stand_alone() -> None:
    words = [
        word
        for hint in (*keywords.FAMILY_ROLES, *keywords.GENDERS, *keywords.AGE_BANDS)
        for word in hint.words
    ]
    ascii_words = [word for word in words if word.isascii()]
    assert ascii_words
    assert [word for word in ascii_words if word != f" {word.strip()} "] == []
    assert [word for word in words if word != word.lower()] == []


def priced(*pairs: tuple[str, int]) -> dict[str, Any]:
    return {"goods": tuple((code, 1, price) for code, price in pairs)}


@pytest.mark.parametrize(
    ("codes", "band"),
    [
        (("t0",), "low"), (("t3",), "mid"), (("t6",), "high"), (("t0", "t3"), "low"),
        (("t0", "t6"), "mid"), (("t3", "t6"), "high"), ((), None),
    ],
)  # fmt: skip
def test_prices_stand_beside_those_of_the_category(
    brand: Brand, home: Path, codes: tuple[str, ...], band: str | None
) -> None:
    # given seven kinds of teaware at 10 to 70, so its thirds lie at 30 and 50
    others = tuple(
        Bought(100 + n, 0, 1, MONDAY, goods=((f"t{n}", 2, 2000 * (n + 1)),)) for n in range(7)
    )
    traits = traits_of(brand, {"goods": tuple((code, 1, None) for code in codes)}, others=others)
    assert traits["price_band"] == band


def test_few_products_stand_beside_those_of_the_brand(brand: Brand, home: Path) -> None:
    # given incense, of which there are two: the cheaper one is dear beside the brand
    others = tuple(
        Bought(100 + n, 0, 1, MONDAY, goods=((f"t{n}", 1, 100 * (n + 1)),)) for n in range(7)
    )
    traits = traits_of(brand, priced(("s1", 5000)), others=(*others, Bought(
        200, 0, 1, MONDAY, goods=(("s2", 1, 9000),))))  # fmt: skip
    assert traits["price_band"] == "high"


@pytest.mark.parametrize(
    ("province", "region", "zone"),
    [
        ("浙江省", "east", "hot_cold"),
        ("广西", "south", "hot_warm"),
        ("Heilongjiang", "northeast", "severe_cold"),
        ("Yunnan Province", "southwest", "mild"),
        ("California", None, None),
    ],
)
def test_provinces_lie_in_a_region_and_a_zone(
    brand: Brand, home: Path, province: str, region: str | None, zone: str | None
) -> None:
    traits = traits_of(brand, {"place": (province, "")})
    assert only(traits, "province", "region", "climate_zone") == [province, region, zone]


def test_every_province_has_a_place() -> None:
    assert len(places.PROVINCES) == 34
    names = [name for province in places.PROVINCES for name in province.names]
    assert len(set(names)) == len(names)
    assert {p.zone for p in places.PROVINCES} == {zone.code for zone in places.ZONES}
    assert {p.region for p in places.PROVINCES} == {region.code for region in places.REGIONS}


def test_first_source_and_birthday_need_no_purchase(brand: Brand, home: Path) -> None:
    # given
    shop = make_shop(brand, slug="flagship", platform="tmall")
    (member,) = make_members(brand, 1, shop)
    Member.objects.filter(pk=member).update(birthday=date(1990, 7, 2))

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # then
    known = {
        "first_shop": "flagship",
        "first_channel": "tmall",
        "birthday_month": 7,
        "is_birthday_month": False,
        "next_birthday": date(2024, 7, 2),
        "days_to_birthday": 2,
    }
    assert queries.member_traits(brand.pk, [member]) == {member: dict.fromkeys(BY_NAME) | known}
    stages = {"stage_5a", "aarrr_stage", "journey_stage"}  # of whoever did something
    assert set(known) | stages == {t.name for t in TRAITS if t.of_everyone}


@pytest.mark.django_db(transaction=True)
def test_birthdays_come_round_also_on_leap_days(brand: Brand, home: Path) -> None:
    # given
    members = make_members(brand, 3)
    born = (date(1996, 2, 29), date(1990, 3, 1), date(1985, 2, 27))
    for member, birthday in zip(members, born, strict=True):
        Member.objects.filter(pk=member).update(birthday=birthday)

    # when
    found = {}
    for as_of in (date(2023, 2, 28), date(2024, 2, 28), date(2024, 2, 29), date(2024, 3, 1)):
        services.refresh(brand.pk, as_of=as_of, now=NOW)
        traits = queries.member_traits(brand.pk, members)
        found[as_of] = [
            only(traits[member], "days_to_birthday", "is_birthday_month") for member in members
        ]

    # then
    assert found == {
        date(2023, 2, 28): [[0, True], [1, False], [364, True]],
        date(2024, 2, 28): [[1, True], [2, False], [365, True]],
        date(2024, 2, 29): [[0, True], [1, False], [364, True]],
        date(2024, 3, 1): [[364, False], [0, True], [363, False]],
    }


@pytest.mark.django_db(transaction=True)
def test_lunar_birthdays_fall_on_the_solar_date_of_the_year(brand: Brand, home: Path) -> None:
    # given: mid-autumn, of the leap sixth month, the thirtieth of the twelfth, and a solar one;
    # the first was born on a 3 October, which is not what they celebrate
    members = make_members(brand, 4)
    said = (
        {"lunar_birthday": "1990-08-15", "birthday": date(1990, 10, 3)},
        {"lunar_birthday": "06L-03"},
        {"lunar_birthday": "12-30"},
        {"birthday": date(1990, 9, 25)},
    )
    for member, columns in zip(members, said, strict=True):
        Member.objects.filter(pk=member).update(**columns)

    # when
    found = {}
    for as_of in (date(2025, 7, 27), date(2026, 9, 1), date(2026, 9, 26), date(2033, 9, 8)):
        services.refresh(brand.pk, as_of=as_of, now=NOW)
        traits = queries.member_traits(brand.pk, members)
        found[as_of] = [
            (
                str(traits[member]["next_birthday"]),
                *only(traits[member], "days_to_birthday", "birthday_month", "is_birthday_month"),
            )
            for member in members
        ]

    # then: the figures of earlier days are those of their own year
    assert found == {
        date(2025, 7, 27): [
            ("2025-10-06", 71, 10, False),
            ("2025-07-27", 0, 7, True),
            ("2026-02-16", 204, 1, False),  # in 2025 it fell on 28 January
            ("2025-09-25", 60, 9, False),
        ],
        date(2026, 9, 1): [
            ("2026-09-25", 24, 9, True),
            ("2027-07-06", 308, 7, False),
            ("2027-02-05", 157, 2, False),
            ("2026-09-25", 24, 9, True),
        ],
        date(2026, 9, 26): [
            ("2027-09-15", 354, 9, True),
            ("2027-07-06", 283, 7, False),
            ("2027-02-05", 132, 2, False),
            ("2027-09-25", 364, 9, True),
        ],
        date(2033, 9, 8): [
            ("2033-09-08", 0, 9, True),
            ("2034-07-18", 313, 6, False),  # in 2033 on 29 June
            ("2034-02-18", 163, 1, False),  # in 2033 on 30 January
            ("2033-09-25", 17, 9, True),
        ],
    }


@pytest.mark.django_db(transaction=True)
def test_a_changed_birthday_reaches_the_figures_by_itself(brand: Brand, home: Path) -> None:
    # given: the lake stands; of the merged account nothing is known
    (member,) = make_members(brand, 1)
    other = Member.objects.create(brand=brand, merged_into_id=member)
    services.refresh(brand.pk, as_of=date(2026, 9, 1), now=NOW, rebuild=True)

    # when
    seen = []
    for account, column, value in (
        (other.pk, "lunar_birthday", "2000-08-15"),
        (member, "birthday", date(1990, 9, 20)),
    ):
        Member.objects.filter(pk=account).update(**{column: value})
        append(
            brand_id=brand.pk,
            kind="members.profiles_changed",
            subject_ids=[account],
            occurred_at=NOW,
            origin="live",
        )
        services.refresh(brand.pk, as_of=date(2026, 9, 1), now=NOW)
        seen.append(queries.member_traits(brand.pk, [member])[member]["next_birthday"])

    # then: the person's own account is asked first
    assert seen == [date(2026, 9, 25), date(2026, 9, 20)]


def test_every_platform_is_a_channel() -> None:
    assert [label.code for label in CHANNELS] == list(Platform.values)


def test_the_lake_keeps_nothing_of_the_year_of_birth(brand: Brand, home: Path) -> None:
    # given
    (member,) = make_members(brand, 1)
    Member.objects.filter(pk=member).update(birthday=date(1990, 7, 2), lunar_birthday="1990-05L-10")

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=datetime(2024, 7, 1, tzinfo=UTC), rebuild=True)

    # then
    traits = queries.member_traits(brand.pk, [member])
    assert "1990" not in str(traits)
    assert traits[member]["next_birthday"] == date(2025, 6, 5)
    (path,) = (home / "lake" / str(brand.pk) / "member_dim").glob("*.parquet")
    assert pq.read_table(path, partitioning=None)["lunar_birthday"].to_pylist() == ["05L-10"]
