"""The audit log: who changed or looked at what, and whether the log itself is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django_htmx.http import trigger_client_event

from huitou.console import audit_labels, tasks  # noqa: F401 -- adds the words this page shows
from huitou.console.audit_job import CHECK_JOB
from huitou.console.audit_words import lines
from huitou.eventlog.audit_checks import latest_check
from huitou.eventlog.models import AuditEntry
from huitou.jobs.models import UNFINISHED, JobState
from huitou.jobs.queries import JobView, recent_jobs
from huitou.jobs.services import create_job
from huitou.ui.roles import permission_required

PAGE_ROWS = 50
OPERATIONS = ("insert", "update", "delete", "truncate", "access")


@dataclass(frozen=True)
class Filters:
    """What is looked for; empty means everything."""

    table: str
    actor: str
    operation: str
    day: date | None


@permission_required("audit.view")
def audit_log(request: HttpRequest) -> HttpResponse:
    """Entries of the brand, newest first, by table, person, kind and day."""
    filters = _filters(request)
    mine = AuditEntry.objects.filter(brand_id=request.scope.brand_id)
    pages = Paginator(_found(mine, filters, request.scope.brand.time_zone), PAGE_ROWS)
    page = pages.get_page(request.GET.get("page"))
    context = {
        **_verdict(request),
        "pages": page,
        "lines": lines(page.object_list),
        "filters": filters,
        "tables": list(mine.order_by("table_name").values_list("table_name", flat=True).distinct()),
        "operations": OPERATIONS,
    }
    return render(request, "console/audit.html", context)


@permission_required("audit.view")
def verify(request: HttpRequest) -> HttpResponseBase:
    """How the latest check ended or how far the present one is; a post begins one."""
    brand = request.scope.brand
    if request.method == "POST":
        if not any(job.state in UNFINISHED for job in _checks(brand.pk)):
            with transaction.atomic():
                job = create_job(
                    brand_id=brand.pk,
                    kind=CHECK_JOB,
                    subject=_("Audit log"),
                    created_by_id=request.user.pk,
                )
                tasks.verify_audit.defer(job_id=job.pk)
        if not request.htmx:
            return redirect("audit")
    answer = render(request, "console/audit_verdict.html", _verdict(request))
    return trigger_client_event(answer, "jobs-changed") if request.method == "POST" else answer


def _verdict(request: HttpRequest) -> dict[str, Any]:
    jobs = _checks(request.scope.brand_id)
    newest = jobs[0] if jobs else None
    return {
        "check": latest_check(),
        "job": newest if newest and newest.state != JobState.DONE else None,
    }


def _checks(brand_id: int) -> list[JobView]:
    """The jobs that check the log among the newest of the brand, newest first."""
    return [job for job in recent_jobs(brand_id) if job.kind == CHECK_JOB]


def _filters(request: HttpRequest) -> Filters:
    given = request.GET
    try:
        day = date.fromisoformat(given.get("day", ""))
    except ValueError:
        day = None
    operation = given.get("operation", "")
    return Filters(
        table=given.get("table", ""),
        actor=given.get("actor", "").strip(),
        operation=operation if operation in OPERATIONS else "",
        day=day,
    )


def _found(entries: QuerySet[AuditEntry], filters: Filters, time_zone: str) -> QuerySet[AuditEntry]:
    wanted = Q()
    if filters.table:
        wanted &= Q(table_name=filters.table)
    if filters.actor:
        wanted &= Q(actor_name__icontains=filters.actor)
    if filters.operation:
        wanted &= Q(operation=filters.operation)
    if filters.day:
        start = datetime.combine(filters.day, time(), ZoneInfo(time_zone))
        wanted &= Q(at__gte=start, at__lt=start + timedelta(days=1))
    return entries.filter(wanted).order_by("-id")
