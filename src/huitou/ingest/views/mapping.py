"""Naming the columns of a file nobody has described yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from huitou.commerce.models import OrderStatus, RefundStatus
from huitou.ingest import mapping_form as forms
from huitou.ingest.fields import field_title
from huitou.ingest.mapping_form import Choices
from huitou.ingest.reading import Source, open_source
from huitou.ingest.reading.formats import CUSTOMER_FIELDS, FIELDS, LINE_FIELDS, ORDER_FIELDS
from huitou.ingest.records import Chunk, ReadContext, Reject
from huitou.ingest.refusals import explained, refusal_text
from huitou.ingest.uploads import Pending, pending_file, take_mapped
from huitou.kernel.errors import RefusedInputError
from huitou.ui.roles import IMPORT_ROLES, roles_required

SHOWN_ROWS = 8
SHOWN_COLUMNS = 12
KINDS = {
    "orders": gettext_lazy("Orders"),
    "refunds": gettext_lazy("Refunds"),
    "reviews": gettext_lazy("Reviews"),
    "customers": gettext_lazy("Customers"),
}
_TABLES = {
    "orders": gettext_lazy("Orders"),
    "lines": gettext_lazy("Order lines"),
    "refunds": gettext_lazy("Refunds"),
    "reviews": gettext_lazy("Reviews"),
    "customers": gettext_lazy("Customers"),
}
# Columns of the records that are of no use to a person checking a mapping.
_HIDDEN = frozenset({"row_no", "header_rank", "line_key"})


@dataclass(frozen=True)
class ShownTable:
    """Some records as they would be stored; a cell is (kind, value), kind money, time or text."""

    title: str
    total: int
    headings: list[str]
    rows: list[list[tuple[str, Any]]]


@roles_required(IMPORT_ROLES)
def mapping_page(request: HttpRequest, token: str) -> HttpResponse:
    """The page; a post with ``action=import`` imports the file by the mapping and remembers it."""
    pending = _pending(request, token)
    source = open_source(pending.path)
    if request.method != "POST":
        return render(request, "ingest/mapping.html", _context(request, pending, source, None))
    choices = forms.choices_from_post(request.POST, source)
    context = _context(request, pending, source, choices)
    if request.POST.get("action") != "import":
        return render(request, "ingest/mapping.html", context)
    shop = next((s for s in request.scope.open_shops if s.pk == pending.shop_id), None)
    if shop is None:
        raise Http404
    try:
        mapping = forms.mapping_of(choices, source.header)
        batch = take_mapped(pending, shop, mapping, created_by_id=request.user.pk)
    except RefusedInputError as error:
        context.setdefault("refusal", refusal_text(error))
        return render(request, "ingest/mapping.html", context, status=422)
    messages.success(
        request, _("The import started. Files with the same headings are read alike from now on.")
    )
    return redirect("import_batch", batch.pk)


@require_POST
@roles_required(IMPORT_ROLES)
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The fragment that follows every change: status words, first records, the mapping file."""
    pending = _pending(request, token)
    source = open_source(pending.path)
    choices = forms.choices_from_post(request.POST, source)
    context = _context(request, pending, source, choices)
    return render(request, "ingest/mapping_details.html", context)


@require_POST
@roles_required(IMPORT_ROLES)
def download(request: HttpRequest, token: str) -> HttpResponse:
    """The mapping file of the form as it stands."""
    pending = _pending(request, token)
    source = open_source(pending.path)
    try:
        mapping = forms.mapping_of(forms.choices_from_post(request.POST, source), source.header)
    except RefusedInputError as error:
        return HttpResponse(
            refusal_text(error), status=422, content_type="text/plain; charset=utf-8"
        )
    response = HttpResponse(forms.yaml_of(mapping), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="mapping.yaml"'
    return response


def _pending(request: HttpRequest, token: str) -> Pending:
    pending = pending_file(request.scope.brand_id, token)
    if pending is None or pending.shop_id not in {s.pk for s in request.scope.open_shops}:
        raise Http404
    return pending


def _context(
    request: HttpRequest, pending: Pending, source: Source, posted: Choices | None
) -> dict[str, Any]:
    choices = posted or forms.proposed(source)
    words = forms.status_words(source, choices)
    context: dict[str, Any] = {
        "pending": pending,
        "choices": choices,
        "columns": forms.columns_of(source, choices),
        "kinds": KINDS,
        "fields": _field_groups(choices.kind),
        "status_words": [
            (word, choices.status.get(word, ""), word in choices.known_words) for word in words
        ],
        "statuses": RefundStatus.choices if choices.kind == "refunds" else OrderStatus.choices,
    }
    brand = request.scope.brand
    read = ReadContext(brand.time_zone, brand.currency, now=datetime.now(UTC))
    try:
        mapping = forms.mapping_of(choices, source.header)
    except RefusedInputError as error:
        return {**context, "refusal": _several(error)}
    context["yaml"] = forms.yaml_of(mapping)
    if missing := forms.missing_fields(choices):
        titles = ", ".join(map(field_title, missing))
        context["missing"] = _("Give a column to: %(fields)s") % {"fields": titles}
        return context
    found = forms.preview(source, mapping, read)
    if found.refusal is not None:
        context["refusal"] = refusal_text(found.refusal)
    elif found.chunk is not None:
        context |= {
            "chunk": found.chunk,
            "accepted": found.chunk.rows - len(found.chunk.rejects),
            "tables": _shown_tables(found.chunk),
            "rejects": _reject_groups(found.chunk.rejects),
            "warnings": [(explained(c), n) for c, n in sorted(found.chunk.warnings.items())],
        }
    return context


def _several(error: RefusedInputError) -> str:
    return _("One field was given to several columns: %(columns)s") % {"columns": str(error)}


def _field_groups(kind: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The fields to choose from, in groups with a title."""
    groups = {
        "orders": [(_("Order"), ORDER_FIELDS), (_("Order line"), LINE_FIELDS)],
        "customers": [(_("Customers"), CUSTOMER_FIELDS)],
    }.get(kind, [(str(KINDS[kind]), FIELDS[kind])])
    return [(title, [(name, field_title(name)) for name in names]) for title, names in groups]


def _shown_tables(chunk: Chunk) -> list[ShownTable]:
    found = {name: getattr(chunk, name) for name in _TABLES}
    return [
        _shown_table(str(_TABLES[name]), table)
        for name, table in found.items()
        if table is not None and table.num_rows
    ]


def _shown_table(title: str, table: pa.Table) -> ShownTable:
    """The columns that hold anything, cut to what fits a page."""
    names = [
        name
        for name in table.column_names
        if name not in _HIDDEN
        and not name.endswith("_kind")
        and any(value not in (None, "") for value in table[name].to_pylist())
    ][:SHOWN_COLUMNS]
    rows = table.select(names).slice(0, SHOWN_ROWS).to_pylist()
    return ShownTable(
        title=title,
        total=table.num_rows,
        headings=[_heading(name) for name in names],
        rows=[[_shown(name, row[name]) for name in names] for row in rows],
    )


def _heading(name: str) -> str:
    if name.startswith("id") and name.endswith("_value"):
        return _("Identifier %(rank)s") % {"rank": name[2]}
    return field_title(name.removesuffix("_minor").removesuffix("_stated"))


def _shown(name: str, value: Any) -> tuple[str, Any]:
    if name.endswith("_minor"):
        return "money", value
    if isinstance(value, datetime):
        return "time", value
    if isinstance(value, bool):
        return "text", _("Yes") if value else _("No")
    words = dict([*OrderStatus.choices, *RefundStatus.choices]) if name == "status" else {}
    return "text", words.get(value, value)


def _reject_groups(rejects: list[Reject]) -> list[tuple[str, int, Reject]]:
    """Reason, count and first example, most frequent first."""
    counts = Counter(reject.code for reject in rejects)
    first = {reject.code: reject for reject in reversed(rejects)}
    return [(explained(code), count, first[code]) for code, count in counts.most_common()]
