"""Segments as the list and the detail page show them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.functional import SimpleLazyObject

from huitou.brands.models import Brand
from huitou.console.figures import words
from huitou.console.member_rows import local_day
from huitou.console.segment_refusals import segment_refusal
from huitou.insight.types import Scope
from huitou.members import queries as members
from huitou.members.queries import MemberProfile
from huitou.segments.describing import Described, described
from huitou.segments.models import Keeping
from huitou.segments.queries import SegmentView, SizePoint, latest_versions, size_histories
from huitou.ui.labels import FAMILIES, Label

# Loads the analytic engine, which the rest of these pages does without.
insight = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))

# Refreshes drawn beside a segment; about a month of daily ones.
SPARK_POINTS = 30


@dataclass(frozen=True)
class SegmentRow:
    """A segment with its rule in words (``says``) or what is wrong with it (``problem``).

    ``state`` is a code of the family ``segment_state``; ``share`` is of what all members spent.
    """

    segment: SegmentView
    state: str
    says: str
    problem: str
    share: float | None
    history: Sequence[SizePoint]

    @property
    def sizes(self) -> list[int]:
        """The sizes drawn as a line."""
        return [point.members for point in self.history]


def segment_rows(brand: Brand, segments: Sequence[SegmentView]) -> list[SegmentRow]:
    """The rows of ``segments``: a fixed number of statements for any number."""
    versions = latest_versions(segment.id for segment in segments)
    said = described(brand, {key: version.rule for key, version in versions.items()})
    histories = size_histories([segment.id for segment in segments], limit=SPARK_POINTS)
    sales = sales_of(brand)
    return [
        segment_row(segment, said[segment.id], histories.get(segment.id, ()), sales)
        for segment in segments
    ]


def segment_row(
    segment: SegmentView, said: Described, history: Sequence[SizePoint], sales_minor: int
) -> SegmentRow:
    """One row; ``sales_minor`` is what all members spent."""
    problem = segment_refusal(said.error) if said.error else segment.problem
    is_dynamic = segment.keeping == Keeping.DYNAMIC
    if segment.archived_at:
        state = "archived"
    else:
        state = "broken" if problem and is_dynamic else segment.keeping
    return SegmentRow(
        segment=segment,
        state=state,
        says=in_words(said),
        problem=problem if is_dynamic else "",
        share=segment.sales_minor / sales_minor if sales_minor and segment.at else None,
        history=history,
    )


def in_words(said: Described) -> str:
    """The sentence in the active language; '' for a rule that cannot be read."""
    return words(said.says, "") if said.says else ""


def sales_of(brand: Brand) -> int:
    """What all members spent, by the figures in force; 0 without figures."""
    summary = insight.rfm(Scope(brand.pk))
    return sum(group.sales_minor for group in summary.groups) if summary else 0


@dataclass(frozen=True)
class MixRow:
    """One code's part in a set of members; ``bar`` is the share of one."""

    code: str
    label: Label
    members: int
    share: float


def mix_rows(family: str, counts: Mapping[str, int]) -> list[MixRow]:
    """The codes of a family in its order, those with members."""
    total = sum(counts.values())
    return [
        MixRow(code, word, counts[code], counts[code] / total)
        for code, word in FAMILIES[family].items()
        if counts.get(code)
    ]


@dataclass(frozen=True)
class MemberLine:
    """A member in a short list: who, masked, and a few traits."""

    profile: MemberProfile
    traits: Mapping[str, Any]
    last_day: date | None


def member_lines(brand: Brand, member_ids: Sequence[int]) -> list[MemberLine]:
    """Short rows of members, in the order given; those that are gone are left out."""
    profiles = members.profiles(brand.pk, member_ids)
    traits = insight.member_traits(brand.pk, list(member_ids))
    return [
        MemberLine(
            profiles[member],
            traits.get(member, {}),
            local_day(traits.get(member, {}).get("last_paid_at"), brand),
        )
        for member in member_ids
        if member in profiles
    ]


@dataclass(frozen=True)
class FindingRow:
    """A condition of an explanation with what is true of the member, ``depth`` levels in."""

    depth: int
    holds: bool
    says: str
    actual: str


def finding_rows(finding: Any, depth: int = 0) -> list[FindingRow]:
    """A finding (``segments.explaining``) and all below it, a row each."""
    actual = words(finding.told, "") if finding.told else ""
    rows = [FindingRow(depth, finding.holds, words(finding.says, ""), actual)]
    return rows + [row for part in finding.parts for row in finding_rows(part, depth + 1)]
