"""Uploading files, watching their imports, taking them back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.contrib import messages
from django.core.files.uploadedfile import TemporaryUploadedFile
from django.core.files.uploadhandler import TemporaryFileUploadHandler
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_POST

from huitou.commerce.services import refuse_undo_below_later
from huitou.ingest import tasks
from huitou.ingest.forms import UploadForm
from huitou.ingest.headers import recognised
from huitou.ingest.models import Batch, BatchState, QuarantinedRow
from huitou.ingest.reading import known_formats
from huitou.ingest.refusals import explained, language, refusal_text
from huitou.ingest.services import undo_batch
from huitou.ingest.uploads import UPLOAD_BYTES_MAX, Pending, pending_files, queue, take_in
from huitou.insight.tasks import refresh_soon
from huitou.jobs.services import create_job
from huitou.kernel.errors import RefusedInputError
from huitou.ui.roles import IMPORT_ROLES, roles_required

PAGE_ROWS = 20
# A larger import is undone by the worker: it takes longer than a person waits for a page.
UNDO_ROWS_AT_ONCE = 20_000
UNFINISHED = (BatchState.QUEUED, BatchState.RUNNING)


@dataclass(frozen=True)
class BatchRow:
    """A batch as the list shows it; ``waiting`` rows are still in quarantine."""

    batch: Batch
    format_title: str
    waiting: int
    done: int
    total: int | None
    is_unfinished: bool


def streamed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Let ``view`` take uploads of any size up to the limit, written to disk as they arrive.

    The handler must be chosen before anything reads the form, the CSRF check included; hence the
    check is moved inside.
    """
    inside = csrf_protect(view)

    def outside(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.method == "POST":
            if int(request.META.get("CONTENT_LENGTH") or 0) > UPLOAD_BYTES_MAX:
                text = _("The upload is larger than %(limit)s GB. Split the file.")
                return HttpResponse(
                    text % {"limit": UPLOAD_BYTES_MAX // 1024**3},
                    status=413,
                    content_type="text/plain; charset=utf-8",
                )
            request.upload_handlers = [TemporaryFileUploadHandler(request)]
        return inside(request, *args, **kwargs)

    return csrf_exempt(outside)


@streamed
@roles_required(IMPORT_ROLES)
def imports(request: HttpRequest) -> HttpResponse:
    """The list of imports and the upload form; a post takes files in."""
    shops = request.scope.open_shops
    if request.method == "POST":
        form = UploadForm(request.POST, request.FILES, shops=shops)
        if form.is_valid():
            refused = _take_all(request, form)
            if not refused:
                return redirect(_after(request))
            form.refused = refused
        return render(request, "ingest/imports.html", _list(request, form), status=422)
    chosen = request.scope.shop or (shops[0] if len(shops) == 1 else None)
    form = UploadForm(shops=shops, initial={"shop": chosen.pk if chosen else None})
    return render(request, "ingest/imports.html", _list(request, form))


@roles_required(IMPORT_ROLES)
def batch_page(request: HttpRequest, batch_id: int) -> HttpResponse:
    """One import; the fragment it polls while the import is not finished."""
    batch = batch_of(request, batch_id)
    row = _rows([batch])[0]
    context = {
        "row": row,
        "batch": batch,
        "headers": recognised(batch),
        "warnings": [
            (code, explained(code.partition(":")[0]), count)
            for code, count in sorted(batch.warnings.items())
        ],
        "retried_by": list(Batch.objects.filter(retries=batch).order_by("-id")[:PAGE_ROWS]),
    }
    if request.htmx and request.htmx.target == "batch":
        return render(request, "ingest/batch_body.html", context)
    return render(request, "ingest/batch.html", context)


@roles_required(IMPORT_ROLES)
def batch_row(request: HttpRequest, batch_id: int) -> HttpResponse:
    """The row of the list that follows an unfinished import."""
    row = _rows([batch_of(request, batch_id)])[0]
    return render(request, "ingest/batch_row.html", {"row": row})


@require_POST
@roles_required(IMPORT_ROLES)
def undo(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Take the import back, or say why that cannot be."""
    batch = batch_of(request, batch_id)
    try:
        refuse_undo_below_later(source_ref=batch.pk)
        if batch.rows <= UNDO_ROWS_AT_ONCE:
            undo_batch(batch.pk)
            refresh_soon(batch.brand_id)
            messages.success(request, _("The import was undone; its records are gone."))
        else:
            _queue_undo(request, batch)
            messages.success(
                request, _("The import is being undone. The bell at the top shows how far it is.")
            )
    except RefusedInputError as error:
        messages.error(request, refusal_text(error))
    return redirect("import_batch", batch_id)


@require_POST
@roles_required(IMPORT_ROLES)
def retry(request: HttpRequest, batch_id: int) -> HttpResponse:
    """Queue a failed import again; it goes on where it stopped."""
    batch = batch_of(request, batch_id)
    if batch.state == BatchState.FAILED:
        queue(batch)
        messages.success(request, _("The import goes on where it stopped."))
    return redirect("import_batch", batch_id)


def batch_of(request: HttpRequest, batch_id: int) -> Batch:
    """The import, if it belongs to a shop the person may open in the brand in view; else 404."""
    batch = (
        Batch.objects.select_related("shop", "brand", "job", "created_by", "retries")
        .filter(pk=batch_id, brand_id=request.scope.brand_id, shop__in=request.scope.open_shops)
        .first()
    )
    if batch is None:
        raise Http404
    return batch


def _queue_undo(request: HttpRequest, batch: Batch) -> None:
    with transaction.atomic():
        job = create_job(
            brand_id=batch.brand_id,
            kind="undo",
            subject=batch.file_name,
            created_by_id=request.user.pk,
        )
        tasks.undo_batch.defer(batch_id=batch.pk, job_id=job.pk)


def _take_all(request: HttpRequest, form: UploadForm) -> list[tuple[str, str]]:
    """Take every file in; the names and reasons of those that were refused."""
    shop = next(s for s in request.scope.open_shops if s.pk == form.cleaned_data["shop"])
    refused, queued = [], 0
    for upload in form.cleaned_data["uploads"]:
        assert isinstance(upload, TemporaryUploadedFile)
        name = upload.name or ""
        try:
            taken = take_in(
                shop=shop,
                path=Path(upload.temporary_file_path()),
                file_name=name,
                format_name=form.cleaned_data["format"],
                created_by_id=request.user.pk,
            )
        except RefusedInputError as error:
            refused.append((name, refusal_text(error)))
            continue
        if isinstance(taken, Pending):
            request.last_pending = taken.token
        else:
            queued += 1
    if queued:
        messages.success(request, _("Imports started: %(imports)s") % {"imports": queued})
    return refused


def _after(request: HttpRequest) -> str:
    """Where an upload leads: to the mapping a file waits for, else to the list."""
    token = getattr(request, "last_pending", None)
    return reverse("mapping", args=[token]) if token else reverse("imports")


def _list(request: HttpRequest, form: UploadForm) -> dict[str, Any]:
    batches = Batch.objects.filter(brand_id=request.scope.brand_id).select_related("shop", "job")
    if request.scope.shop_id:
        batches = batches.filter(shop_id=request.scope.shop_id)
    pages = Paginator(batches.order_by("-id"), PAGE_ROWS).get_page(request.GET.get("page"))
    return {
        "form": form,
        "rows": _rows(list(pages.object_list)),
        "pages": pages,
        "pending": [
            waiting
            for waiting in pending_files(request.scope.brand_id)
            if waiting.shop_id in {shop.pk for shop in request.scope.open_shops}
        ],
        "limit_gigabytes": UPLOAD_BYTES_MAX // 1024**3,
    }


def _rows(batches: list[Batch]) -> list[BatchRow]:
    titles = format_titles()
    waiting = dict(
        QuarantinedRow.objects.filter(batch__in=batches, resolved_by=None)
        .values_list("batch_id")
        .annotate(rows=Count("id"))
    )
    return [
        BatchRow(
            batch=batch,
            format_title=_("Own mapping") if batch.mapping else titles.get(batch.format, "–"),
            waiting=waiting.get(batch.pk, 0),
            done=batch.position,
            total=batch.job.total if batch.job else None,
            is_unfinished=batch.state in UNFINISHED,
        )
        for batch in batches
    ]


def format_titles() -> dict[str, str]:
    """Name of each known format → its title in the active language."""
    attribute = f"title_{language()}"
    return {f.name: getattr(f, attribute) or f.name for f in known_formats()}


def open_quarantine() -> Q:
    """Rows a person can still do something about: not retried, of imports that stand."""
    return Q(resolved_by=None, batch__retries=None) & ~Q(batch__state=BatchState.UNDONE)
