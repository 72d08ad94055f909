"""Refused rows: read, downloaded, corrected, brought back."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    StreamingHttpResponse,
)
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from huitou.ingest.models import Batch, QuarantinedRow
from huitou.ingest.quarantine import write_quarantine
from huitou.ingest.refusals import explained, language, refusal_text
from huitou.ingest.retries import retry_file, retry_rows
from huitou.ingest.services import run_batch
from huitou.ingest.uploads import queue
from huitou.ingest.views.batches import batch_of, open_quarantine, streamed
from huitou.kernel.errors import RefusedInputError
from huitou.ui.roles import IMPORT_ROLES, roles_required

PAGE_ROWS = 25
# So few corrected rows are imported while the person waits; more go to the worker.
AT_ONCE_ROWS_MAX = 200
# Text that is built up before a piece of a download is sent.
_PIECE_CHARS = 64 * 1024


@dataclass(frozen=True)
class CodeGroup:
    """Rows refused for one reason."""

    code: str
    explanation: str
    rows: int


@dataclass(frozen=True)
class Cell:
    """A cell of a refused row; ``is_wrong`` marks the one the reason is about."""

    heading: str
    value: str
    is_wrong: bool


@roles_required(IMPORT_ROLES)
def batch_rows(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The refused rows of one import."""
    batch = batch_of(request, batch_id)
    waiting = QuarantinedRow.objects.filter(batch=batch, resolved_by=None)
    context = {"batch": batch, **_page(request, waiting)}
    context["resolved"] = batch.quarantined - context["all_rows"]
    return render(request, _template(request), context)


@roles_required(IMPORT_ROLES)
def all_rows(request: HttpRequest) -> HttpResponse:
    """The refused rows of all imports of the brand."""
    waiting = QuarantinedRow.objects.filter(
        open_quarantine(), batch__brand_id=request.scope.brand_id
    )
    if request.scope.shop_id:
        waiting = waiting.filter(batch__shop_id=request.scope.shop_id)
    return render(request, _template(request), _page(request, waiting))


@roles_required(IMPORT_ROLES)
def download(request: HttpRequest, batch_id: int) -> HttpResponseBase:
    """The refused rows as CSV with a byte order mark; correct it and upload it again."""
    batch = batch_of(request, batch_id)
    name = f"{Path(batch.file_name).stem}-quarantine-{batch.pk}.csv"
    response = StreamingHttpResponse(
        _csv_pieces(batch, language()), content_type="text/csv; charset=utf-8"
    )
    response["Content-Disposition"] = (
        f"attachment; filename=\"quarantine-{batch.pk}.csv\"; filename*=UTF-8''{quote(name)}"
    )
    return response


@streamed
@roles_required(IMPORT_ROLES)
def upload(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Bring back the rows of the corrected download."""
    batch = batch_of(request, batch_id)
    file = request.FILES.get("file")
    if request.method != "POST" or file is None:
        messages.error(request, _("Choose the corrected table first."))
        return redirect("quarantine", batch_id)
    try:
        again = retry_file(batch, Path(file.temporary_file_path()), created_by_id=request.user.pk)
    except RefusedInputError as error:
        messages.error(request, refusal_text(error))
        return redirect("quarantine", batch_id)
    if len(again.retry_rows or []) > AT_ONCE_ROWS_MAX:
        queue(again)
        messages.success(request, _("The corrected rows are being imported."))
        return redirect("import_batch", again.pk)
    done = run_batch(again.pk)
    text = _("%(accepted)s of %(rows)s corrected rows were accepted.")
    counts = {"accepted": done.rows - done.quarantined, "rows": done.rows}
    messages.success(request, text % counts)
    return redirect("quarantine", batch_id)


@roles_required(IMPORT_ROLES)
def row(request: HttpRequest, batch_id: int, row_no: int) -> HttpResponse:
    """The form that corrects one row; a post brings it back at once."""
    batch = batch_of(request, batch_id)
    refused = QuarantinedRow.objects.filter(batch=batch, row_no=row_no, resolved_by=None).first()
    if refused is None:
        raise Http404
    cells = _cells(refused, batch)
    context: dict[str, Any] = {"batch": batch, "row": refused}
    context["explanation"] = explained(refused.code)
    if request.method == "POST":
        values = [request.POST.get(f"cell.{at}", "") for at in range(len(batch.header))]
        still = _bring_back(request, batch, row_no, values)
        if not still:
            messages.success(request, _("Row %(row)s was accepted.") % {"row": row_no})
            return redirect("quarantine", batch_id)
        cells = [
            Cell(c.heading, values[at] if at < len(values) else c.value, c.is_wrong)
            for at, c in enumerate(cells)
        ]
        context["still"] = still
    context["wrong"] = [(at, cell) for at, cell in enumerate(cells) if cell.is_wrong]
    context["others"] = [(at, cell) for at, cell in enumerate(cells) if not cell.is_wrong]
    page = "quarantine_edit" if request.htmx else "quarantine_row"
    status = 422 if "still" in context and not request.htmx else 200
    return render(request, f"ingest/{page}.html", context, status=status)


def _bring_back(request: HttpRequest, batch: Batch, row_no: int, values: list[str]) -> str:
    """Import the corrected row; why it was refused again, or ''."""
    try:
        again = retry_rows(batch, {row_no: values}, created_by_id=request.user.pk)
        run_batch(again.pk)
    except RefusedInputError as error:
        return refusal_text(error)
    refused = QuarantinedRow.objects.filter(batch=again).first()
    if refused is None:
        return ""
    return f"{refused.column} {refused.value} · {explained(refused.code)}"


def _page(request: HttpRequest, waiting: QuerySet[QuarantinedRow]) -> dict[str, Any]:
    """Groups with counts and a page of the rows of the chosen one."""
    counts = waiting.values_list("code").annotate(rows=Count("id")).order_by("-rows", "code")
    groups = [CodeGroup(code, explained(code), rows) for code, rows in counts]
    chosen = next((g for g in groups if g.code == request.GET.get("code")), None)
    rows = waiting.filter(code=chosen.code) if chosen else waiting
    newest = rows.select_related("batch", "batch__shop").order_by("-batch_id", "row_no")
    pages = Paginator(newest, PAGE_ROWS).get_page(request.GET.get("page"))
    explanations = {group.code: group.explanation for group in groups}
    return {
        "groups": groups,
        "chosen": chosen,
        "all_rows": sum(group.rows for group in groups),
        "pages": pages,
        "rows": [(r, explanations[r.code], _cells(r, r.batch)) for r in pages.object_list],
    }


def _cells(row: QuarantinedRow, batch: Batch) -> list[Cell]:
    """The row's cells under their headings; a row too long or too short is shown as it is."""
    width = max(len(batch.header), len(row.original))
    headings = [*batch.header, *[""] * (width - len(batch.header))]
    values = [*row.original, *[""] * (width - len(row.original))]
    return [
        Cell(heading, value, bool(row.column) and heading == row.column)
        for heading, value in zip(headings, values, strict=True)
    ]


def _csv_pieces(batch: Batch, language_code: str) -> Iterator[str]:
    """The table in pieces; refused rows are few beside the file, so it is written once."""
    text = io.StringIO(newline="")
    write_quarantine(batch, text, language=language_code)
    text.seek(0)
    yield "\ufeff"
    while piece := text.read(_PIECE_CHARS):
        yield piece


def _template(request: HttpRequest) -> str:
    is_part = request.htmx and not request.htmx.history_restore_request
    return "ingest/quarantine_body.html" if is_part else "ingest/quarantine.html"
