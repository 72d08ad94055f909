"""Statements in any order, any batches, any repetitions: the same one stands in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.api.intake.versions import Statement, take_newest
from huitou.api.models import MessageVersion
from huitou.brands.models import Shop
from tests.api.door import NOW

# Few moments, ranks and digests, so that ties are the rule.
few = st.integers(0, 2)
statements = st.lists(st.tuples(st.sampled_from("AB"), few, few, few), min_size=1, max_size=12)


def statement(shop: Shop, number: str, second: int, rank: int, digest: int) -> Statement:
    # A digest covers the whole message, its time and status included.
    said = bytes([digest, second, rank]).ljust(16)
    return Statement(shop.pk, number, NOW + timedelta(seconds=second), rank, said)


def stood() -> set[tuple[object, ...]]:
    rows = MessageVersion.objects.values_list("number", "modified_at", "rank", "digest")
    return {(*row[:3], bytes(row[3])) for row in rows}


@pytest.mark.django_db
@given(said=statements, shuffled=st.randoms(use_true_random=False), size=st.integers(1, 12))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_order_of_arrival_ends_alike(
    said: list[tuple[str, int, int, int]], shuffled: object, size: int, shop: Shop
) -> None:
    # given
    MessageVersion.objects.all().delete()
    all_said = [statement(shop, *one) for one in said]
    take_newest("order", all_said)
    expected = stood()
    MessageVersion.objects.all().delete()
    again = all_said * 2
    shuffled.shuffle(again)  # type: ignore[attr-defined]

    # when
    outcomes = []
    for start in range(0, len(again), size):
        outcomes += take_newest("order", again[start : start + size])

    # then
    assert stood() == expected
    newest = {number: version for number, *version in expected}
    last = {
        s.number: [s.modified_at, s.rank, s.digest]
        for s, outcome in zip(again, outcomes, strict=True)
        if outcome == "news"
    }
    assert last == newest


@pytest.mark.django_db
def test_what_is_current_wins_its_moment_and_no_later_one(shop: Shop) -> None:
    # given
    first, other, later = (
        statement(shop, "A", second, 1, digest) for second, digest in ((0, 9), (0, 1), (1, 0))
    )

    # when
    outcomes = [
        take_newest("order", [said], current=current)[0]
        for said, current in (
            (first, False), (other, True), (other, True), (first, False), (later, False),
            (other, True),
        )
    ]  # fmt: skip

    # then
    assert outcomes == ["news", "news", "unchanged", "outdated", "news", "outdated"]
