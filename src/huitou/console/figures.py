"""From insight's figures to what a page shows: labels of the language, links, shades."""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import get_language

import huitou
from huitou.insight.types import (
    Band,
    CohortRow,
    Freshness,
    Matrix,
    RegionRow,
    RfmSummary,
    Scope,
)
from huitou.ui.navigation import page_url

snapshots = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.snapshots"))

# The classes ec-heat-0 … ec-heat-9.
HEAT_STEPS = 10


def insight_scope(request: HttpRequest) -> Scope:
    """The request's brand and shop as insight names them."""
    return Scope(brand_id=request.scope.brand_id, shop_id=request.scope.shop_id)


def no_figures(request: HttpRequest, page: str) -> HttpResponse:
    """The page named ``page`` of a brand without figures: it says how to get them.

    Or that they are on their way, after a new version that cannot read those there were.
    """
    context = {
        "page": page,
        "imports_url": page_url("imports"),
        "are_outdated": snapshots.is_outdated(request.scope.brand_id),
    }
    return render(request, "console/figures_empty.html", context)


def words(item: Any, name: str = "label") -> str:
    """``item.label_zh`` or ``item.label_en`` by the active language.

    Another ``name`` may stand for ``label``, or none: ``item.zh`` or ``item.en``.
    """
    suffix = "en" if (get_language() or "").startswith("en") else "zh"
    return getattr(item, f"{name}_{suffix}" if name else suffix)


def members_url(**conditions: Any) -> str:
    """The member list under these conditions, or "" where there is no member list.

    A condition is a trait with its value, or ``<trait>_min`` / ``<trait>_max``; None is left out.
    """
    address = page_url("members")
    if not address:
        return ""
    given = {name: value for name, value in conditions.items() if value is not None}
    return f"{address}?{urlencode(given)}"


def version_of(request: HttpRequest, fresh: Freshness | None, *parts: str) -> str:
    """A token that changes whenever what is drawn for this person may change.

    It is the ETag of a chart and part of its address, so that a browser never shows the chart of
    the brand or language seen before.
    """
    scope = insight_scope(request)
    seen = [huitou.__version__, str(scope), str(fresh), get_language() or "", *parts]
    return hashlib.sha256("|".join(seen).encode()).hexdigest()[:16]


def heat(value: float, largest: float) -> int:
    """The shade 0–9 of ``value`` on a ramp up to ``largest``.

    A square root, so that one crowded cell does not bleach the others.

    >>> heat(0, 100), heat(25, 100), heat(100, 100), heat(0, 0)
    (0, 5, 9, 0)
    """
    if largest <= 0 or value <= 0:
        return 0
    return min(HEAT_STEPS - 1, int((value / largest) ** 0.5 * HEAT_STEPS))


def even_heat(value: float, largest: float) -> int:
    """The shade 0–9 of ``value`` in even steps up to ``largest``; for rates, which lie close.

    >>> even_heat(0, 1), even_heat(0.25, 1), even_heat(1, 1), even_heat(0, 0)
    (0, 2, 9, 0)
    """
    return min(HEAT_STEPS - 1, int(value / largest * HEAT_STEPS)) if largest > 0 else 0


@dataclass(frozen=True)
class HeatCell:
    """A shaded cell; ``url`` is "" when it leads nowhere."""

    value: float
    shade: int
    url: str = ""


def band_text(band: Band) -> str:
    """A range of whole numbers as people write it.

    >>> [band_text(Band(*ends)) for ends in ((0, 30), (3, 3), (4, 5), (6, None))]
    ['≤30', '3', '4–5', '≥6']
    """
    if band.high is None:
        return f"≥{band.low}"
    if band.low == band.high:
        return str(band.low)
    return f"≤{band.high}" if band.low == 0 else f"{band.low}–{band.high}"


def matrix_rows(matrix: Matrix) -> list[tuple[Band, list[HeatCell]]]:
    """Each recency band with its shaded cells, which lead to their members."""
    largest = max((cell for row in matrix.cells for cell in row), default=0)
    return [
        (
            row,
            [
                HeatCell(
                    members,
                    heat(members, largest),
                    members_url(
                        recency_days_min=row.low,
                        recency_days_max=row.high,
                        frequency_min=column.low,
                        frequency_max=column.high,
                    ),
                )
                for column, members in zip(matrix.columns, cells, strict=True)
            ],
        )
        for row, cells in zip(matrix.rows, matrix.cells, strict=True)
    ]


def cohort_rows(cohorts: list[CohortRow]) -> list[tuple[CohortRow, list[HeatCell]]]:
    """Each cohort with its rates from the first month after the first purchase on."""
    largest = max((rate for row in cohorts for rate in row.rates[1:]), default=0)
    return [(row, [HeatCell(r, even_heat(r, largest)) for r in row.rates[1:]]) for row in cohorts]


def regions_query(period_query: str, province: str = "") -> str:
    """The query string of the regions of a period, or of the cities of one province.

    >>> regions_query("period=7", "A&B")
    'period=7&province=A%26B'
    """
    return f"{period_query}&{urlencode({'province': province})}" if province else period_query


@dataclass(frozen=True)
class PlaceRow:
    """A region as the list prints it: ``bar`` is its sales beside the largest, 0 to 1.

    ``url`` leads to its members, or on to its cities when ``cities`` (a query string) is set.
    """

    region: RegionRow
    bar: float
    url: str
    cities: str = ""


def region_rows(rows: list[RegionRow], level: str, period_query: str) -> list[PlaceRow]:
    """Provinces lead to their cities, cities to their members."""
    largest = max((row.sales_minor for row in rows), default=0)

    def row_of(row: RegionRow) -> PlaceRow:
        bar = row.sales_minor / largest if largest > 0 else 0
        if level == "city":
            return PlaceRow(row, bar, members_url(province=row.province or None, city=row.name))
        cities = regions_query(period_query, row.name)
        return PlaceRow(row, bar, f"{page_url('dashboard')}?{cities}#regions", cities)

    return [row_of(row) for row in rows]


@dataclass(frozen=True)
class GroupRow:
    """One RFM group as the table prints it; shares are of all groups together."""

    code: str
    advice: str
    members: int
    member_share: float | None
    sales_minor: int
    sales_share: float | None
    per_order_minor: int | None
    url: str


def group_rows(summary: RfmSummary) -> list[GroupRow]:
    """The groups with their shares and links."""
    members = sum(group.members for group in summary.groups)
    sales = sum(group.sales_minor for group in summary.groups)
    return [
        GroupRow(
            code=group.code,
            advice=words(group, "advice"),
            members=group.members,
            member_share=group.members / members if members else None,
            sales_minor=group.sales_minor,
            sales_share=group.sales_minor / sales if sales else None,
            per_order_minor=round(group.sales_minor / group.orders) if group.orders else None,
            url=members_url(rfm_group=group.code),
        )
        for group in summary.groups
    ]
