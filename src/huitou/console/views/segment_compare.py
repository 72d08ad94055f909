"""Segments side by side with everybody: key figures and every trait, as a page and as a file."""

from __future__ import annotations

import importlib
from typing import Any

from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.functional import SimpleLazyObject

from huitou.console.comparison_rows import (
    BOX_WIDTH,
    file_rows,
    group_names,
    kpi_rows,
    trait_cards,
)
from huitou.console.exports import SHEETS
from huitou.console.views.segment_keeping import choices_of, chosen_of, needs_figures
from huitou.segments.overlaps import SEGMENTS_MAX, SEGMENTS_MIN

comparing = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.comparing"))

# Traits named at the top as those that set the segments apart.
TOLD = 5


@needs_figures
def segment_compare(request: HttpRequest) -> HttpResponseBase:
    """The comparison of the segments asked for (``segment``); ``sort=declared`` or by effect."""
    chosen = chosen_of(request, most=SEGMENTS_MAX)
    context: dict[str, Any] = {"choices": choices_of(request, chosen), "most": SEGMENTS_MAX}
    if len(chosen) >= SEGMENTS_MIN:
        brand = request.scope.brand
        found = comparing.compare(brand, chosen)
        by_effect = request.GET.get("sort") != "declared"
        cards = trait_cards(brand, found, by_effect=by_effect)
        most = sorted(cards, key=lambda card: -abs(card.largest.value or 0))
        context |= {
            "found": found,
            "names": group_names(found),
            "kpis": kpi_rows(found),
            "cards": cards,
            "most_apart": [card for card in most[:TOLD] if card.largest.size],
            "by_effect": by_effect,
            "box_width": BOX_WIDTH,
            "formats": SHEETS,
        }
    return render(request, "console/segment_compare.html", context)


@needs_figures
def segment_comparison(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The comparison as a table, ``kind`` csv or xlsx."""
    if kind not in SHEETS:
        raise Http404
    chosen = chosen_of(request, most=SEGMENTS_MAX)
    if len(chosen) < SEGMENTS_MIN:
        return redirect("segment_compare")
    brand = request.scope.brand
    found = comparing.compare(brand, chosen)
    name = f"segments-{brand.slug}-{found.as_of}"
    return SHEETS[kind](list(file_rows(brand, found)), name=name)
