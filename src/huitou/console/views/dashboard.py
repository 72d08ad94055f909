"""The dashboard: how the brand is doing, and which members to look at."""

from __future__ import annotations

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.console.figures import (
    HEAT_STEPS,
    band_text,
    cohort_rows,
    group_rows,
    insight_scope,
    matrix_rows,
    members_url,
    no_figures,
    region_rows,
    regions_query,
    version_of,
    words,
)
from huitou.console.periods import PERIOD_DAYS, requested_period
from huitou.insight import queries, tasks
from huitou.jobs.models import UNFINISHED
from huitou.jobs.queries import recent_jobs
from huitou.jobs.services import create_job
from huitou.ui.access import brand_required

COHORT_MONTHS = 12
# As many as fit beside the trend.
REGION_ROWS = 10


@brand_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """The overview page; without figures it says how to get them."""
    scope = insight_scope(request)
    fresh = queries.freshness(scope)
    matrix = queries.recency_frequency(scope)
    summary = queries.rfm(scope)
    if fresh is None or matrix is None or summary is None:
        return no_figures(request, _("Business overview"))
    period = requested_period(request.GET, fresh.as_of)
    cohorts = queries.cohorts(scope, months=COHORT_MONTHS)
    return render(
        request,
        "console/dashboard.html",
        {
            "fresh": fresh,
            "period": period,
            "period_days": PERIOD_DAYS,
            "regions_query": regions_query(period.query, request.GET.get("province", "")),
            "kpis": [
                (kpi, words(kpi), [v for v in kpi.spark if v is not None])
                for kpi in queries.kpis(scope, start=period.start, end=period.end)
            ],
            "rfm": summary,
            "groups": group_rows(summary),
            "matrix_columns": [band_text(column) for column in matrix.columns],
            "matrix_rows": [(band_text(band), cells) for band, cells in matrix_rows(matrix)],
            "cohort_rows": cohort_rows(cohorts),
            "cohort_months": range(1, max((len(row.rates) for row in cohorts), default=1)),
            "shades": range(HEAT_STEPS),
            "version": version_of(request, fresh),
        },
    )


@brand_required
def regions(request: HttpRequest) -> HttpResponse:
    """The fragment of the regions that sell most: ``?level=province`` or ``city``.

    ``?province=…`` asks for the cities of that province.
    """
    scope = insight_scope(request)
    fresh = queries.freshness(scope)
    if fresh is None:
        return HttpResponse(status=204)
    period = requested_period(request.GET, fresh.as_of)
    province = request.GET.get("province") or None
    level = "city" if province or request.GET.get("level") == "city" else "province"
    rows = queries.regions(
        scope, start=period.start, end=period.end, level=level, province=province
    )
    context = {
        "rows": region_rows(rows[:REGION_ROWS], level, period.query),
        "hidden": max(0, len(rows) - REGION_ROWS),
        "level": level,
        "levels": (("province", _("Provinces")), ("city", _("Cities"))),
        "period": period,
        "province": province,
        "members_url": members_url(province=province) if province else "",
    }
    return render(request, "console/regions.html", context)


@brand_required
@require_POST
def refresh(request: HttpRequest) -> HttpResponse:
    """Queue a refresh of the brand's figures, unless one is under way, and say where to look."""
    brand = request.scope.brand
    waiting = any(j.kind == "refresh" and j.state in UNFINISHED for j in recent_jobs(brand.pk))
    if not waiting:
        with transaction.atomic():
            job = create_job(
                brand_id=brand.pk,
                kind="refresh",
                subject=brand.name,
                created_by_id=request.user.pk,
            )
            tasks.refresh_brand.defer(brand_id=brand.pk, job_id=job.pk)
    messages.success(request, _("Refreshing. The bell at the top shows how far it is."))
    return redirect("dashboard")
