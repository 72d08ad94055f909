"""What the charts show, as JSON with a meaning: the browser's recipes own the drawing."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase, JsonResponse
from django.utils.cache import get_conditional_response
from django.utils.formats import date_format
from django.utils.functional import SimpleLazyObject
from django.utils.http import quote_etag
from django.utils.translation import gettext as _

from huitou.console.figures import group_rows, insight_scope, members_url, version_of, words
from huitou.console.periods import requested_period
from huitou.insight.types import Freshness
from huitou.ui.access import brand_required
from huitou.ui.labels import RFM_GROUPS
from huitou.ui.numbers import money_parts

queries = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
CACHE_SECONDS = 60
Meaning = dict[str, Any]


def chart(view: Callable[[HttpRequest, Freshness], Meaning]) -> Callable[..., HttpResponseBase]:
    """Make a JSON endpoint of ``view``: empty state, ETag and a short private cache.

    The ETag is known before anything is computed, so an unchanged chart costs no query of figures.
    """

    @wraps(view)
    def endpoint(request: HttpRequest) -> HttpResponseBase:
        fresh = queries.freshness(insight_scope(request))
        etag = quote_etag(version_of(request, fresh, request.GET.urlencode()))
        response = get_conditional_response(request, etag=etag)
        if response is None:
            meaning = view(request, fresh) if fresh else {"empty": _("Not computed yet")}
            response = JsonResponse(meaning, json_dumps_params={"ensure_ascii": False})
        response["ETag"] = etag
        response["Cache-Control"] = f"private, max-age={CACHE_SECONDS}"
        return response

    return brand_required(endpoint)


@chart
def trend(request: HttpRequest, fresh: Freshness) -> Meaning:
    """Sales per day of the period and of the same dates a year earlier."""
    period = requested_period(request.GET, fresh.as_of)
    figures = queries.trend(insight_scope(request), start=period.start, end=period.end)
    currency = request.scope.brand.currency
    now, before = sum(figures.current_minor), [v for v in figures.last_year_minor if v is not None]
    series = [{"name": _("This period"), "values": figures.current_minor}]
    summary = _("Sales %(amount)s") % {"amount": money_parts(now, currency)}
    if len(before) > 1:  # one day draws no line
        series.append({"name": _("Last year"), "values": figures.last_year_minor})
        compared = _("last year %(amount)s") % {"amount": money_parts(sum(before), currency)}
        summary = f"{summary}, {compared}"
    return {
        "kind": "trend",
        "x": [day.isoformat() for day in figures.days],
        "short_x": [axis_day(day) for day in figures.days],
        "series": series,
        "smooth_note": _("7-day mean"),
        "summary": summary,
    }


def axis_day(day: date) -> str:
    """A date as short as the axis of a chart writes it."""
    return date_format(day, "AXIS_DAY_FORMAT")


@chart
def rfm(request: HttpRequest, _fresh: Freshness) -> Meaning:
    """Members by RFM group; a tile leads to its members."""
    rows = [row for row in group_rows(queries.rfm(insight_scope(request))) if row.members]
    if not rows:
        return {"empty": _("Nobody has bought yet. Import orders first.")}
    nodes = [
        {
            "code": row.code,
            "name": str(RFM_GROUPS[row.code].text),
            "value": row.members,
            "share": row.member_share,
            "money": row.sales_minor,
            "advice": row.advice,
            "url": row.url,
        }
        for row in rows
    ]
    return {
        "kind": "treemap",
        "nodes": nodes,
        "words": {
            "unit": _("members"),
            "members": _("Number of members"),
            "share": _("Share of members"),
            "sales": _("Amount spent"),
        },
        "summary": "; ".join(f"{node['name']} {node['value']}" for node in nodes),
    }


@chart
def lifecycle(request: HttpRequest, _fresh: Freshness) -> Meaning:
    """Members moving between life-cycle stages; a stage of today leads to its members."""
    flow = queries.lifecycle_flow(insight_scope(request))
    if not flow.links:
        return {"empty": _("Nobody has bought yet. Import orders first.")}
    sides = ((0, "before", flow.sources), (1, "now", flow.targets))
    nodes = [
        {
            "id": f"{side}:{node.code}",
            "code": node.code,
            "name": words(node),
            "depth": depth,
            "value": node.members,
            "url": members_url(lifecycle_stage=node.code) if side == "now" else "",
        }
        for depth, side, stages in sides
        for node in stages
        if node.members
    ]
    return {
        "kind": "sankey",
        "nodes": nodes,
        "links": [
            {
                "source": f"before:{link.source}",
                "target": f"now:{link.target}",
                "value": link.members,
            }
            for link in flow.links
            if link.members
        ],
        "words": {"members": _("Number of members")},
        "summary": "; ".join(f"{words(node)} {node.members}" for node in flow.targets),
    }
