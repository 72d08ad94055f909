"""Overlap of two to five segments: every intersection with its size, and as a new segment."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from huitou.console.segment_cuts import PartRow, part_row
from huitou.console.views.segment_keeping import choices_of, chosen_of, needs_figures, saving
from huitou.segments.overlaps import SEGMENTS_MAX, SEGMENTS_MIN, Intersection, Overlap

overlaps = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.overlaps"))


@dataclass(frozen=True)
class Dots:
    """A row of the picture: where its dots are, and the line through those that are full.

    Places are in units of the picture's own, one segment every ``DOT_GAP``.
    """

    full: list[int]
    empty: list[int]
    line: tuple[int, int] | None
    width: int


@dataclass(frozen=True)
class IntersectionRow:
    """An intersection as the table prints it; ``bar`` is its size beside the largest."""

    names: list[str]
    dots: Dots
    row: PartRow
    bar: float
    url: str
    is_shown: bool


DOT_GAP = 20


@needs_figures
def segment_overlap(request: HttpRequest) -> HttpResponseBase:
    """The overlap of the segments asked for (``segment``); ``inside`` shows one intersection."""
    chosen = chosen_of(request, most=SEGMENTS_MAX)
    context: dict[str, Any] = {"choices": choices_of(request, chosen), "most": SEGMENTS_MAX}
    if len(chosen) >= SEGMENTS_MIN:
        found = overlaps.overlap(request.scope.brand, chosen)
        context |= {"found": found, **_table(request, found)}
    return render(request, "console/segment_overlap.html", context)


def _table(request: HttpRequest, found: Overlap) -> dict[str, Any]:
    inside = _inside(request, found)
    largest = max((i.part.members for i in found.intersections), default=0)
    shown = next((i for i in found.intersections if i.inside == inside), None)
    names = [one.name for one in found.chosen]
    context = {
        "sets": [
            (one, part_row(part, found.everybody), part.members / largest_set)
            for one, part in zip(found.chosen, found.sizes, strict=True)
            for largest_set in (max(p.members for p in found.sizes) or 1,)
        ],
        "rows": [
            IntersectionRow(
                names=[names[n] for n in one.inside],
                dots=_dots(one, len(names)),
                row=part_row(one.part, found.union),
                bar=one.part.members / largest if largest else 0,
                url=_url(found, one),
                is_shown=one.inside == inside,
            )
            for one in found.intersections
        ],
        "pairs": [(names[pair.first], names[pair.second], pair) for pair in found.pairs],
        "union": part_row(found.union, found.everybody),
        "heads": [(n * DOT_GAP + DOT_GAP // 2, n + 1) for n in range(len(names))],
        "shown": None,
    }
    if shown:
        context |= {
            "shown": part_row(shown.part, found.everybody),
            "shown_in": [names[n] for n in shown.inside],
            "shown_out": [name for n, name in enumerate(names) if n not in shown.inside],
            **saving(request, found.rule_of(shown.inside)),
        }
    return context


def _inside(request: HttpRequest, found: Overlap) -> tuple[int, ...]:
    wanted = set(request.GET.getlist("inside"))
    return tuple(n for n, one in enumerate(found.chosen) if one.slug in wanted)


def _url(found: Overlap, one: Intersection) -> str:
    parameters = [("segment", chosen.slug) for chosen in found.chosen]
    parameters += [("inside", found.chosen[n].slug) for n in one.inside]
    return f"{reverse('segment_overlap')}?{urlencode(parameters)}#intersection"


def _dots(one: Intersection, places: int) -> Dots:
    def centre(place: int) -> int:
        return place * DOT_GAP + DOT_GAP // 2

    full = [centre(n) for n in one.inside]
    return Dots(
        full=full,
        empty=[centre(n) for n in range(places) if n not in one.inside],
        line=(full[0], full[-1]) if len(full) > 1 else None,
        width=places * DOT_GAP,
    )
