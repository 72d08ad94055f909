"""The life cycle over time: churn month by month, and who moved from stage to stage."""

from __future__ import annotations

import importlib
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django_htmx.http import HttpResponseClientRefresh

from huitou.console.figures import (
    HEAT_STEPS,
    even_heat,
    insight_scope,
    no_figures,
    version_of,
    words,
)
from huitou.console.views.charts import Meaning, chart
from huitou.insight import tasks
from huitou.insight.rules import divided
from huitou.insight.types import Flow, Freshness, LifecycleMonths
from huitou.jobs.queries import unfinished_jobs
from huitou.ui.access import brand_required

queries = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
migration = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.migration"))

# The choices of the switch.
MONTHS_CHOICES = (12, 24, 36)


@brand_required
def lifecycle_page(request: HttpRequest) -> HttpResponse:
    """What the worker kept, and of when; without it, or with newer figures, how far it is."""
    scope = insight_scope(request)
    if queries.freshness(scope) is None:
        return no_figures(request, _("Life cycle"))
    context = {
        "fresh": migration.freshness(scope),
        "months": _months(request),
        "choices": MONTHS_CHOICES,
        "query": request.GET.urlencode(),
        **_under_way(request, asked=True),
    }
    return render(request, "console/lifecycle.html", context)


@brand_required
def lifecycle_months(request: HttpRequest) -> HttpResponse:
    """The figures: ``?months=12``, ``24`` or ``36``, moves ``before`` to ``after`` (dates)."""
    scope, months = insight_scope(request), _months(request)
    found = migration.lifecycle_months(scope, months)
    if found is None:
        return HttpResponse(status=204)
    context: dict[str, Any] = {"found": found, "months": months}
    if found.months:
        ends = sorted({found.before, *(row.day for row in found.months)})
        flow = migration.migration(scope, *_between(request, ends))
        context |= {
            "rows": found.months[::-1],
            "last": found.months[-1],
            "stages": [(stage.code, words(stage)) for stage in found.months[-1].stages],
            "ends": ends,
            "flow": flow,
            "moves": _moves(flow),
            "shades": range(HEAT_STEPS),
            "version": version_of(
                request, queries.freshness(scope), str(migration.freshness(scope))
            ),
        }
    return render(request, "console/lifecycle_months.html", context)


@brand_required
def lifecycle_progress(request: HttpRequest) -> HttpResponse:
    """How far the worker is; once it is done the page asks for the new figures."""
    if migration.is_kept(insight_scope(request)):
        return HttpResponseClientRefresh()
    return render(request, "console/lifecycle_progress.html", _under_way(request, asked=False))


def _under_way(request: HttpRequest, *, asked: bool) -> dict[str, Any]:
    """The job that computes the figures in force, where they are not kept yet.

    A page that is ``asked`` for queues it; the same page asking again how far it is does not, so
    that what failed is not tried for ever.
    """
    if migration.is_kept(insight_scope(request)):
        return {"is_kept": True}
    brand_id = request.scope.brand_id
    if asked:
        tasks.keep_soon(brand_id)
    return {"is_kept": False, "jobs": unfinished_jobs(brand_id, tasks.KEEP_JOB)}


def _moves(flow: Flow) -> list[dict[str, Any]]:
    """A row for each stage anybody came from, with its cells."""
    members = {(link.source, link.target): link.members for link in flow.links}
    rows = []
    for source in flow.sources:
        if source.members:
            counts = [members.get((source.code, target.code), 0) for target in flow.targets]
            cells = [
                {
                    "members": count,
                    "share": divided(count, source.members),
                    "shade": even_heat(count, source.members),
                }
                for count in counts
            ]
            rows.append({"label": words(source), "members": source.members, "cells": cells})
    return rows


def _between(request: HttpRequest, ends: list[date]) -> tuple[date, date]:
    """Two different ends as asked for, in order; else the first and the last."""
    by_name = {day.isoformat(): day for day in ends}
    asked = {by_name.get(request.GET.get(name, "")) for name in ("before", "after")} - {None}
    before, *after = sorted(day for day in asked if day) or [ends[0]]
    return (before, after[0]) if after else (ends[0], ends[-1])


@chart
def churn_chart(request: HttpRequest, _fresh: Freshness) -> Meaning:
    """The share of buyers who are lost, at each month end."""
    found = _found(request)
    if found is None:
        return {"empty": _("Being computed.")}
    if not found.months:
        return {"empty": _("Nobody has bought yet.")}
    rates = [row.churn_rate for row in found.months]
    series = [{"name": _("Churn rate"), "values": rates}]
    return _over_time(found, "ratio", series)


@chart
def stages_chart(request: HttpRequest, _fresh: Freshness) -> Meaning:
    """Buyers by life-cycle stage at each month end, on top of each other."""
    found = _found(request)
    if found is None:
        return {"empty": _("Being computed.")}
    if not found.months:
        return {"empty": _("Nobody has bought yet.")}
    series = [
        {
            "name": words(stage),
            "code": f"stage-{stage.code}",
            "values": [row.stages[place].members for row in found.months],
        }
        for place, stage in enumerate(found.months[0].stages)
    ]
    return {**_over_time(found, "count", series), "stacked": True}


def _over_time(found: LifecycleMonths, unit: str, series: list[dict[str, Any]]) -> Meaning:
    labels = [row.day.strftime("%Y-%m") for row in found.months]
    return {
        "kind": "lines",
        "unit": unit,
        "x": labels,
        "short_x": labels,
        "series": series,
        "summary": "; ".join(f"{one['name']} {one['values'][-1]}" for one in series),
    }


def _found(request: HttpRequest) -> LifecycleMonths | None:
    found: LifecycleMonths | None = migration.lifecycle_months(
        insight_scope(request), _months(request)
    )
    return found


def _months(request: HttpRequest) -> int:
    asked = request.GET.get("months", "")
    return int(asked) if asked in map(str, MONTHS_CHOICES) else MONTHS_CHOICES[0]
