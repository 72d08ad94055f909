"""Stages of members by what they did, bought and wrote; also of who never bought."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from huitou.behaviour.services import EventRow, record_events
from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order, Review
from huitou.insight import queries, services
from huitou.insight.standing import funnel
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from tests.factories import make_shop
from tests.insight.histories import NOW, Bought, make_members, store

AS_OF = date(2024, 6, 30)
LATELY, LONG_AGO = date(2024, 6, 20), date(2024, 3, 1)
STAGES = ("stage_5a", "aarrr_stage", "journey_stage")
# Days before the as-of date: 90 is quiet enough to be still here, 91 is not.
EDGE, OVER = AS_OF - timedelta(days=90), AS_OF - timedelta(days=91)

Did = list[tuple[str, date]]
# Events, purchase days, stars of a review → 5A, AARRR, journey.
CASES: dict[str, tuple[Did, list[date], int | None, tuple[str, str, str]]] = {
    "came by": ([("visit", LATELY)], [], None, ("aware", "acquisition", "potential")),
    "looked": ([("view", LATELY)], [], None, ("aware", "activation", "potential")),
    "searched": ([("search", LATELY)], [], None, ("aware", "activation", "potential")),
    "own kind of event": ([("custom", LATELY)], [], None, ("aware", "acquisition", "potential")),
    "wished": ([("cart", LATELY)], [], None, ("attempt", "activation", "fan")),
    "asked": ([("consult", LATELY)], [], None, ("attempt", "activation", "fan")),
    "twice on one day": (
        [("visit", LATELY), ("visit", LATELY)],
        [],
        None,
        ("aware", "acquisition", "potential"),
    ),
    "came back": (
        [("visit", LATELY), ("visit", LONG_AGO)],
        [],
        None,
        ("aware", "retention", "potential"),
    ),
    "on three days": (
        [("visit", LATELY), ("visit", LONG_AGO), ("visit", OVER)],
        [],
        None,
        ("aware", "retention", "fan"),
    ),
    "90 days ago": ([("cart", EDGE)], [], None, ("attempt", "activation", "fan")),
    "91 days ago": ([("cart", OVER)], [], None, ("abandon", "activation", "fan")),
    "bought once": ([], [LATELY], None, ("attempt", "revenue", "customer")),
    "bought on two days": ([], [LATELY, EDGE], None, ("adopt", "revenue", "customer")),
    "praised": ([], [LATELY, EDGE], 5, ("advocate", "referral", "customer")),
    "praised after one purchase": ([], [LATELY], 4, ("attempt", "referral", "customer")),
    "not amused": ([], [LATELY, EDGE], 3, ("adopt", "revenue", "customer")),
    "long gone": ([], [date(2022, 1, 5)], None, ("abandon", "revenue", "lost")),
    "long gone but here": (
        [("visit", LATELY)],
        [date(2022, 1, 5)],
        None,
        ("attempt", "revenue", "lost"),
    ),
    "after the as-of date": ([("cart", AS_OF + timedelta(days=1))], [], None, (None,) * 3),  # type: ignore[dict-item]
    "only a parcel": ([("logistics", LATELY)], [], None, (None,) * 3),  # type: ignore[dict-item]
    "nothing": ([], [], None, (None,) * 3),  # type: ignore[dict-item]
}


@pytest.fixture
def people(brand: Brand, home: Path) -> tuple[Shop, dict[str, int]]:
    """One member per case, refreshed at ``AS_OF``."""
    shop = make_shop(brand)
    members = dict(zip(CASES, make_members(brand, len(CASES)), strict=True))
    history, rows = [], []
    for place, (name, (did, bought, _, _)) in enumerate(CASES.items()):
        history += [Bought(100 * place + n, 0, place, day) for n, day in enumerate(bought)]
        rows += [
            EventRow(
                "site",
                f"{name}-{n}",
                kind,
                datetime(day.year, day.month, day.day, 4, tzinfo=UTC),
                shop_id=shop.pk,
                member_id=members[name],
            )
            for n, (kind, day) in enumerate(did)
        ]
    store(brand, [shop], list(members.values()), history)
    record_events(brand_id=brand.pk, time_zone=brand.time_zone, rows=rows, now=NOW, origin="live")
    for name, (_, _, stars, _) in CASES.items():
        if stars is not None:
            Review.objects.create(
                shop=shop,
                review_no=name,
                order=Order.objects.filter(member_id=members[name]).first(),
                rating=stars,
                reviewed_at=datetime(2024, 6, 25, tzinfo=UTC),
            )
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)
    return shop, members


def test_every_case_stands_where_it_should(brand: Brand, people: tuple[Shop, Any]) -> None:
    # when
    members = people[1]
    traits = queries.member_traits(brand.pk, list(members.values()))

    # then
    found = {name: tuple(traits[id_][stage] for stage in STAGES) for name, id_ in members.items()}
    assert found == {name: stages for name, (*_, stages) in CASES.items()}


def test_the_funnels_count_what_the_members_say(brand: Brand, people: tuple[Shop, Any]) -> None:
    # when
    found = {kind: funnel(Scope(brand.pk), kind) for kind in ("5a", "aarrr", "journey")}

    # then
    for place, kind in enumerate(("5a", "aarrr", "journey")):
        stages = [case[-1][place] for case in CASES.values() if case[-1][place]]
        summary = found[kind]
        assert summary is not None
        assert {s.label.code: s.members for s in summary.stages if s.members} == Counter(stages)
        assert summary.members == len(stages) == 18
    aarrr, of_5a = found["aarrr"], found["5a"]
    assert aarrr is not None
    assert [stage.reached for stage in aarrr.stages] == [18, 13, 6, 7, 2]
    assert of_5a is not None
    # in order: who adopted has attempted, who abandoned stands beside
    assert [stage.reached for stage in of_5a.stages] == [16, 9, 3, 1, 2]
    assert [stage.note_en for stage in of_5a.stages][3].startswith("Good reviews")


def test_a_shop_knows_its_own_events_only(brand: Brand, people: tuple[Shop, Any]) -> None:
    # given
    other = make_shop(brand)

    # when
    services.refresh(brand.pk, as_of=AS_OF, now=NOW, rebuild=True)

    # then
    empty = funnel(Scope(brand.pk, other.pk), "5a")
    assert empty is not None
    assert (empty.members, {stage.members for stage in empty.stages}) == (0, {0})


def test_there_are_three_kinds(brand: Brand, people: tuple[Shop, Any]) -> None:
    with pytest.raises(RefusedInputError):
        funnel(Scope(brand.pk), "7a")


def test_before_the_first_refresh_there_is_no_funnel(brand: Brand, home: Path) -> None:
    assert funnel(Scope(brand.pk), "5a") is None
