"""The audit log: who changed or looked at what, and whether the log itself is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST

from huitou.console import audit_labels  # noqa: F401 -- adds the words this page shows
from huitou.console.audit_words import lines
from huitou.eventlog.audit_chain import chain_entries, verify_chain
from huitou.eventlog.models import AuditEntry
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
        "pages": page,
        "lines": lines(page.object_list),
        "filters": filters,
        "tables": list(mine.order_by("table_name").values_list("table_name", flat=True).distinct()),
        "operations": OPERATIONS,
    }
    return render(request, "console/audit.html", context)


@require_POST
@permission_required("audit.view")
def verify(request: HttpRequest) -> HttpResponse:
    """Link what waits and recompute the whole chain."""
    chain_entries()
    context = {"verdict": verify_chain(), "checked_at": datetime.now(UTC)}
    return render(request, "console/audit_verdict.html", context)


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
