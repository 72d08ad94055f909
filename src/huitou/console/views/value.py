"""Customer value: the tiers, the model behind them, and how well it foretold the past."""

from __future__ import annotations

import importlib

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from huitou.console.figures import insight_scope, members_url, no_figures, version_of, words
from huitou.console.views.charts import Meaning, axis_day, chart
from huitou.insight.rules import divided
from huitou.insight.types import Freshness
from huitou.ui.access import brand_required
from huitou.ui.numbers import count_parts

queries = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
value = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.value"))

# The choices of the switch.
BACKTEST_CHOICES = (90, 180, 365)


@brand_required
def value_page(request: HttpRequest) -> HttpResponse:
    """Tiers and model; the back-test follows by itself, since the first look computes it."""
    scope = insight_scope(request)
    summary = value.summary(scope)
    if summary is None:
        return no_figures(request, _("Customer value"))
    members = sum(tier.members for tier in summary.tiers)
    sales = sum(tier.sales_minor for tier in summary.tiers)
    expected = sum(tier.clv_minor for tier in summary.tiers)
    context = {
        "fresh": queries.freshness(scope),
        "summary": summary,
        "reason": words(summary.reason, "") if summary.reason else "",
        "days": _days(request),
        "expected": expected,
        "purchases": sum(tier.purchases for tier in summary.tiers),
        "tiers": [
            {
                "tier": tier,
                "advice": words(tier.label, "advice"),
                "url": members_url(value_tier=tier.label.code) if tier.members else "",
                "members_share": divided(tier.members, members),
                "sales_share": divided(tier.sales_minor, sales),
                "clv_share": divided(tier.clv_minor, expected),
            }
            for tier in summary.tiers
        ],
    }
    return render(request, "console/value.html", context)


@brand_required
def backtest(request: HttpRequest) -> HttpResponse:
    """The fragment of the back-test: ``?days=90``, ``180`` or ``365``."""
    days = _days(request)
    found = value.backtest(insight_scope(request), days)
    if found is None:
        return HttpResponse(status=204)
    rows = [
        {
            "row": row,
            "expected": divided(row.expected, row.customers),
            "actual": divided(row.actual, row.customers),
        }
        for row in found.classes
    ]
    context = {
        "found": found,
        "days": days,
        "choices": BACKTEST_CHOICES,
        "reason": words(found.reason, "") if found.reason else "",
        "rows": rows,
        "last": len(rows) - 1,
        "version": version_of(request, queries.freshness(insight_scope(request))),
    }
    return render(request, "console/value_backtest.html", context)


@chart
def backtest_chart(request: HttpRequest, _fresh: Freshness) -> Meaning:
    """Purchases since the calibration date, week by week: foretold and real."""
    found = value.backtest(insight_scope(request), _days(request))
    if not found.weeks:
        return {"empty": words(found.reason, "") if found.reason else _("Nobody has bought yet.")}
    expected = [0, *(round(week.expected) for week in found.weeks)]
    actual = [0, *(week.actual for week in found.weeks)]
    days = [found.calibration, *(week.until for week in found.weeks)]
    return {
        "kind": "lines",
        "x": [day.isoformat() for day in days],
        "short_x": [axis_day(day) for day in days],
        "series": [
            {"name": _("Foretold"), "values": expected},
            {"name": _("Happened"), "values": actual, "dashed": True},
        ],
        "summary": _("Foretold %(expected)s, happened %(actual)s")
        % {
            "expected": count_parts(expected[-1]),
            "actual": count_parts(actual[-1]),
        },
    }


def _days(request: HttpRequest) -> int:
    asked = request.GET.get("days", "")
    return int(asked) if asked in map(str, BACKTEST_CHOICES) else BACKTEST_CHOICES[1]
