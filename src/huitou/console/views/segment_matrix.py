"""Cross matrix: conduct by object, shaded; the cells somebody picks become a segment."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy

from huitou.brands.models import Brand
from huitou.console.figures import HEAT_STEPS, heat, words
from huitou.console.segment_cuts import cut_labels, dimension_groups, part_row
from huitou.console.segment_refusals import segment_refusal
from huitou.console.views.segment_keeping import base_of, needs_figures, saving
from huitou.kernel.errors import RefusedInputError
from huitou.segments.dimensions import kinds
from huitou.segments.matrices import Cell, Matrix
from huitou.segments.parting import Part
from huitou.segments.queries import segments_in_use
from huitou.segments.reading import read_rule
from huitou.segments.sentences import sentence
from huitou.segments.words import names_of, vocabulary_of

matrices = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.matrices"))

ROWS, COLUMNS = "rfm_group", "main_category"
# Between the keys of a row and a column in an address; no key of a trait's value has it.
BETWEEN = "~~"
# Measure → (heading, figure, kind).
MEASURES: dict[str, tuple[Any, Callable[[Part], int | None], str]] = {
    "members": (gettext_lazy("Members"), lambda part: part.members, "count"),
    "sales": (gettext_lazy("Sales"), lambda part: part.sales_minor, "money"),
    "aov": (gettext_lazy("Average order"), lambda part: part.aov_minor, "money"),
}


@dataclass(frozen=True)
class MatrixCell:
    """A cell as the table prints it; ``pick`` is its value in the address."""

    value: int | None
    shade: int
    pick: str
    is_picked: bool
    label: str


@dataclass(frozen=True)
class MatrixRow:
    """A row with its cells and its sum; ``key`` names it in the address."""

    key: str
    label: str
    cells: list[MatrixCell]
    total: int | None


@needs_figures
def segment_matrix(request: HttpRequest) -> HttpResponseBase:
    """The matrix of ``rows`` × ``columns`` within ``segment``; ``pick`` names picked cells.

    ``row`` and ``column`` pick a whole one, or drop it when all of it is picked; ``show`` is
    another ``measure``. These lead to the address that says the same without them.
    """
    brand, given = request.scope.brand, request.GET
    rows, columns = (
        given[side] if given.get(side) in kinds() else usual
        for side, usual in (("rows", ROWS), ("columns", COLUMNS))
    )
    measure = given.get("show") or given.get("measure")
    measure = measure if measure in MEASURES else "members"
    segments = segments_in_use(brand)
    base = base_of(request, segments)
    try:
        found = matrices.matrix(brand, rows, columns, base=base)
    except RefusedInputError as error:
        if error.code == "NO_FIGURES" or not given:
            raise
        messages.error(request, segment_refusal(error))
        return redirect("segment_matrix")
    picked = _picked(found, given.getlist("pick"))
    if {"row", "column", "show"} & set(given):
        asked = [("segment", base), ("rows", rows), ("columns", columns), ("measure", measure)]
        return redirect(_url(asked, _toggled(found, picked, given)))
    context = {
        "found": found,
        "segments": segments,
        "base": base,
        "groups": dimension_groups(),
        "row_name": rows,
        "column_name": columns,
        "row_title": words(found.rows.kind),
        "column_title": words(found.columns.kind),
        "measure": measure,
        "measures": [(code, heading) for code, (heading, _figure, _kind) in MEASURES.items()],
        "kind": MEASURES[measure][2],
        "shades": range(HEAT_STEPS),
        **_table(brand, found, measure, picked),
        **_picked_context(request, found, picked),
    }
    template = "segment_matrix_picked" if request.htmx else "segment_matrix"
    return render(request, f"console/{template}.html", context)


def _picked(found: Matrix, texts: Sequence[str]) -> set[Cell]:
    """The picked cells that are in the matrix; those of older figures are left out."""
    known = {
        f"{row.key}{BETWEEN}{column.key}": (row.key, column.key)
        for row in found.rows.cuts
        for column in found.columns.cuts
    }
    return {known[text] for text in texts if text in known}


def _toggled(found: Matrix, picked: set[Cell], given: QueryDict) -> set[Cell]:
    """The picked cells after a whole row or column was picked or dropped."""
    cells = {(r.key, c.key) for r in found.rows.cuts for c in found.columns.cuts}
    row, column = given.get("row"), given.get("column")
    whole = {cell for cell in cells if cell[0] == row or cell[1] == column}
    return picked - whole if whole <= picked else picked | whole


def _url(asked: Sequence[tuple[str, str]], picked: set[Cell]) -> str:
    picks = [("pick", BETWEEN.join(cell)) for cell in sorted(picked)]
    parameters = [(name, value) for name, value in (*asked, *picks) if value]
    return f"{reverse('segment_matrix')}?{urlencode(parameters)}"


def _table(brand: Brand, found: Matrix, measure: str, picked: set[Cell]) -> dict[str, Any]:
    figure = MEASURES[measure][1]
    row_labels, column_labels = cut_labels(brand, found.rows), cut_labels(brand, found.columns)
    largest = max((figure(part) or 0 for row in found.cells for part in row), default=0)

    rows = []
    for cut, parts in zip(found.rows.cuts, found.cells, strict=True):
        cells = [
            MatrixCell(
                value=figure(part),
                shade=heat(figure(part) or 0, largest),
                pick=f"{cut.key}{BETWEEN}{column.key}",
                is_picked=(cut.key, column.key) in picked,
                label=f"{row_labels[cut.key]} × {column_labels[column.key]}",
            )
            for column, part in zip(found.columns.cuts, parts, strict=True)
        ]
        whole = {(cut.key, column.key) for column in found.columns.cuts}
        total = figure(found.part_of(whole))
        rows.append(MatrixRow(cut.key, row_labels[cut.key], cells, total))
    columns = []
    for column in found.columns.cuts:
        whole = {(cut.key, column.key) for cut in found.rows.cuts}
        total = figure(found.part_of(whole))
        columns.append((column.key, column_labels[column.key], total))
    return {"rows": rows, "columns": columns, "total": figure(found.total)}


def _picked_context(request: HttpRequest, found: Matrix, picked: set[Cell]) -> dict[str, Any]:
    """What the picked cells add up to, their rule in words, and the form that keeps it."""
    if not picked:
        return {"picked": None}
    brand = request.scope.brand
    rule = found.rule_of(picked)
    try:
        says = words(sentence(read_rule(rule, vocabulary_of(brand)), names_of(brand)), "")
    except RefusedInputError as error:
        return {"picked": None, "refused": segment_refusal(error)}
    return {
        "picked": part_row(found.part_of(picked), found.total),
        "picked_cells": len(picked),
        "says": says,
        **saving(request, rule),
    }
