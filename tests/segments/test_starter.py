"""The set of segments that are ready to use."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from huitou.brands.models import Brand
from huitou.insight.traits import BY_NAME
from huitou.segments import services, starter
from huitou.segments.models import Segment, SegmentVersion
from huitou.segments.reading import read_rule
from huitou.segments.rules import atoms
from huitou.segments.services import archive_segment
from huitou.segments.vocabulary import Vocabulary

NOW = datetime(2026, 7, 1, 2, tzinfo=UTC)
GROUPS = [
    "rfm-general-upkeep", "rfm-important-value", "rfm-important-win-back", "rfm-key-upkeep",
          "rfm-main-development", "rfm-no-value", "rfm-privileged", "rfm-regular-upkeep",
]  # fmt: skip
STAGES = ["stage-active", "stage-lost", "stage-near-loss", "stage-silent", "stage-sleeping"]


def test_every_group_and_stage_is_among_them(brand: Brand) -> None:
    # when
    added = starter.add_starter_set(brand=brand, now=NOW)

    # then
    assert [slug for slug in sorted(added) if slug.startswith(("rfm", "stage"))] == GROUPS + STAGES
    assert {"one-order", "at-warning-line", "high-value-asleep", "cold-wave"} <= set(added)
    assert Segment.objects.get(slug="one-order").name == "首单未复购"
    assert SegmentVersion.objects.get(segment__slug="one-order").rule == {
        "trait": "frequency", "eq": 1
    }  # fmt: skip


def test_what_is_there_stays_as_it_is(brand: Brand) -> None:
    # given one of the same name, one archived
    mine = {"trait": "frequency", "gte": 7}
    services.put_segment(brand=brand, slug="one-order", name="Mine", rule=mine, now=NOW)
    services.put_segment(brand=brand, slug="cold-wave", name="Gone", rule=mine, now=NOW)
    archive_segment(brand=brand, slug="cold-wave", now=NOW)

    # when
    first = starter.add_starter_set(brand=brand, now=NOW, english=True)
    second = starter.add_starter_set(brand=brand, now=NOW, english=True)

    # then
    assert {"one-order", "cold-wave"} & set(first) == set()
    assert second == []
    assert SegmentVersion.objects.get(segment__slug="one-order").rule == mine
    assert Segment.objects.get(slug="cold-wave").archived_at is not None
    assert Segment.objects.get(slug="stage-lost").name == "Lost"


@pytest.mark.parametrize("one", starter.STARTERS, ids=lambda one: one.slug)
def test_every_rule_of_the_set_can_be_read_without_words_of_a_brand(one: starter.Starter) -> None:
    tree = read_rule(one.rule, Vocabulary())

    assert {atom.trait for atom in atoms(tree)} <= set(BY_NAME)
