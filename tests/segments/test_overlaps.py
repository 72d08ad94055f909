"""Overlap: every intersection is that of the members in the files, and its rule finds them."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.segments import grounds, refreshing
from huitou.segments.files import standing_members
from huitou.segments.models import Segment
from huitou.segments.overlaps import overlap
from huitou.segments.previews import preview
from huitou.segments.services import put_segment
from tests.console.sales import sell
from tests.insight.histories import NOW

pytestmark = pytest.mark.django_db(transaction=True)
RULES: dict[str, Any] = {
    "recent": {"trait": "recency_days", "lt": 200},
    "often": {"trait": "frequency", "gte": 3},
    "zhejiang": {"trait": "province", "eq": "浙江省"},
    "nobody": {"trait": "frequency", "gte": 1_000},
    "never": {"trait": "frequency", "known": False},
}


@pytest.fixture
def sold(brand: Brand, home: Path) -> Brand:
    """A brand with figures and five refreshed segments, one of them empty."""
    sell(brand)
    for slug, rule in RULES.items():
        put_segment(brand=brand, slug=slug, name=slug, rule=rule, now=NOW)
    refreshing.refresh(brand)
    return brand


def _sets(brand: Brand) -> dict[str, set[int]]:
    segments = Segment.objects.filter(brand=brand)
    return {s.slug: set(standing_members(brand.pk, s.pk).tolist()) for s in segments}


def test_every_intersection_is_that_of_the_sets(sold: Brand) -> None:
    # given
    sets, slugs = _sets(sold), list(RULES)
    everybody = set().union(*sets.values())
    expected = {}
    for held in product((False, True), repeat=5):
        inside = tuple(n for n in range(5) if held[n])
        members = everybody.copy()
        for place, slug in enumerate(slugs):
            members = members & sets[slug] if held[place] else members - sets[slug]
        expected[inside] = members
    expected = {inside: members for inside, members in expected.items() if members}

    # when
    found = overlap(sold, slugs)

    # then
    assert {i.inside: i.part.members for i in found.intersections} == {
        inside: len(members) for inside, members in expected.items()
    }
    assert len(expected) > 5
    assert [part.members for part in found.sizes] == [len(sets[slug]) for slug in slugs]
    assert found.union.members == len(everybody)
    with grounds.opened(sold) as ground:
        spent = dict(
            ground.connection.execute("SELECT member_id, monetary_minor FROM people").fetchall()
        )
    assert {i.inside: i.part.sales_minor for i in found.intersections} == {
        inside: sum(spent[m] or 0 for m in members) for inside, members in expected.items()
    }


def test_pairs_say_how_much_of_each_lies_in_the_other(sold: Brand) -> None:
    sets = _sets(sold)
    a, b = sets["recent"], sets["often"]

    (pair,) = overlap(sold, ["recent", "often"]).pairs

    assert (pair.both, pair.jaccard) == (len(a & b), len(a & b) / len(a | b))
    assert (pair.of_first, pair.of_second) == (len(a & b) / len(a), len(a & b) / len(b))
    # nothing lies in the empty one, and of it no share can be said
    (pair,) = overlap(sold, ["recent", "nobody"]).pairs
    assert (pair.both, pair.jaccard, pair.of_first, pair.of_second) == (0, 0.0, 0.0, None)


def test_the_rule_of_an_intersection_finds_its_members(sold: Brand) -> None:
    found = overlap(sold, ["recent", "often", "zhejiang"])

    for one in found.intersections:
        kept = preview(sold, found.rule_of(one.inside))
        assert (kept.members, kept.sales_minor) == (one.part.members, one.part.sales_minor)
    assert found.rule_of((0, 2)) == {
        "all": [{"segment": "recent"}, {"segment": "zhejiang"}, {"not": {"segment": "often"}}]
    }


def test_too_few_unknown_and_unrefreshed_segments_are_refused(sold: Brand) -> None:
    with pytest.raises(RefusedInputError, match="Choose 2 to 5"):
        overlap(sold, ["recent", "recent"])
    with pytest.raises(RefusedInputError, match="no segment 'gone'"):
        overlap(sold, ["recent", "gone"])
    put_segment(brand=sold, slug="fresh", name="fresh", rule=RULES["often"], now=NOW)
    with pytest.raises(RefusedInputError, match="Refresh fresh first"):
        overlap(sold, ["recent", "fresh"])
