"""Stepwise drill: one condition after the other, both branches counted; the address is the path."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _

from huitou.console.figures import words
from huitou.console.segment_cuts import (
    PartRow,
    cut_labels,
    dimension_groups,
    part_row,
)
from huitou.console.segment_refusals import segment_refusal
from huitou.console.views.segment_keeping import base_of, needs_figures, saving
from huitou.insight.traits import BY_NAME, TRAITS
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.money import to_minor
from huitou.members.tags import tag_groups
from huitou.segments.dimensions import USUAL, Dimension, kinds
from huitou.segments.drilling import Drill, Path, PathStep
from huitou.segments.parting import Branches, Part
from huitou.segments.queries import segments_in_use
from huitou.segments.vocabulary import NUMBER_KINDS

drilling = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.drilling"))

ROW_HEIGHT = 22
INDENT_MAX = 6
OPERATORS = ("gte", "lte", "eq")
_VALUE_MAX = Decimal(10**12)


@dataclass(frozen=True)
class Branch:
    """One branch of a step: ``url`` goes on with it, ``is_taken`` when the path does."""

    row: PartRow
    of_before: float | None
    url: str
    is_taken: bool


@dataclass(frozen=True)
class Level:
    """A step in words with both branches; ``x`` and ``width`` place those in the icicle (0–1000).

    ``split`` is the width of those who meet it.
    """

    number: int
    says: str
    met: Branch
    rest: Branch
    x: int
    width: int
    split: int

    @property
    def y(self) -> int:
        """Where its row begins; the start has the first."""
        return self.number * ROW_HEIGHT

    @property
    def split_at(self) -> int:
        """Where the rest begins."""
        return self.x + self.split

    @property
    def rest_width(self) -> int:
        """The width of the rest."""
        return self.width - self.split

    @property
    def indent(self) -> int:
        """How deep the list shows it; no deeper than a narrow screen has room for."""
        return min(self.number, INDENT_MAX)

    @property
    def branches(self) -> list[tuple[Branch, str, str]]:
        """Both branches with a mark and words; the one that goes on comes last, before its own."""
        both = [(self.met, "✓", self.says), (self.rest, "✗", _("not: %s") % self.says)]
        return sorted(both, key=lambda branch: branch[0].is_taken)


@dataclass(frozen=True)
class NextCut:
    """One part of where the path ends, and the address of going on with it."""

    label: str
    row: PartRow
    url: str


@needs_figures
def segment_drill(request: HttpRequest) -> HttpResponseBase:
    """The path of the address: ``segment``, then ``step`` for each step, ``by`` for a next cut.

    A step is ``+`` (those who meet it) or ``-`` (the rest) and a condition as JSON.
    """
    segments = segments_in_use(request.scope.brand)
    path = Path(base_of(request, segments), _steps(request.GET.getlist("step")))
    by = request.GET.get("by", "")
    added, refused = _added(request)
    if refused:
        messages.error(request, refused)
    if added is not None:
        return redirect(_url(Path(path.base, (*path.steps, PathStep(added))), by))
    try:
        found = drilling.drill_down(request.scope.brand, path, by=_dimensions(by))
    except RefusedInputError as error:
        if error.code == "NO_FIGURES" or not path.steps:
            raise
        messages.error(request, segment_refusal(error))
        return redirect(_url(Path(path.base, path.steps[:-1]), by))
    everybody, present = found.drilled.everybody, found.drilled.present
    context = {
        "found": found,
        "segments": segments,
        "base": path.base,
        "base_name": next((s.name for s in segments if s.slug == path.base), ""),
        "start": part_row(found.drilled.start, everybody),
        "start_url": _url(Path(path.base), by),
        "present": part_row(present, everybody),
        "of_start": part_row(present, found.drilled.start),
        "levels": _levels(path, found, by),
        "icicle_height": (len(path.steps) + 1) * ROW_HEIGHT,
        "next_cuts": [
            (words(one.kind), _next_cuts(request, path, by, one, parts, present))
            for one, parts in found.next_cuts
        ],
        "steps": [_step_text(step) for step in path.steps],
        "groups": dimension_groups(),
        "by": by,
        "traits": [(t.name, words(t)) for t in TRAITS if t.kind in NUMBER_KINDS],
        "tags": [(g.name, [t.name for t in g.tags]) for g in tag_groups(request.scope.brand_id)],
        **saving(request, path.rule()),
    }
    return render(request, "console/segment_drill.html", context)


def _dimensions(by: str) -> Sequence[str]:
    return (by, *USUAL) if by in kinds() else USUAL


def _steps(texts: Sequence[str]) -> tuple[PathStep, ...]:
    """The steps that can be read; one that cannot ends the path."""
    steps = []
    for text in texts:
        try:
            rule = json.loads(text[1:]) if text[:1] in ("+", "-") else None
        except (ValueError, RecursionError):
            rule = None
        if not isinstance(rule, dict):
            break
        steps.append(PathStep(rule, meets=text[0] == "+"))
    return tuple(steps)


def _step_text(step: PathStep) -> str:
    rule = json.dumps(step.rule, ensure_ascii=False, separators=(",", ":"))
    return f"{'+' if step.meets else '-'}{rule}"


def _url(path: Path, by: str = "") -> str:
    parameters = [("segment", path.base)] if path.base else []
    parameters += [("step", _step_text(step)) for step in path.steps]
    parameters += [("by", by)] if by else []
    return f"{reverse('segment_drill')}?{urlencode(parameters)}"


def _added(request: HttpRequest) -> tuple[Mapping[str, Any] | None, str]:
    """The condition the form adds (None: none), and why it cannot be read."""
    given = request.GET
    if tag := given.get("tag", ""):
        return {"tag": tag}, ""
    if named := given.get("among", ""):
        return {"segment": named}, ""
    name = given.get("trait", "")
    if not name:
        return None, ""
    trait, operator = BY_NAME.get(name), given.get("operator", "")
    try:
        value = Decimal(given.get("value", "").strip())
        if trait is None or trait.kind not in NUMBER_KINDS or operator not in OPERATORS:
            raise InvalidOperation
        if not abs(value) <= _VALUE_MAX:
            raise InvalidOperation
        is_money = trait.kind == "money"
        whole = to_minor(value, request.scope.brand.currency) if is_money else int(value)
    except (InvalidOperation, ValueError):
        return None, _("Write a number to compare with.")
    return {"trait": name, operator: whole}, ""


def _levels(path: Path, found: Drill, by: str) -> list[Level]:
    """Every step, its place in the picture narrowed by the branches before it."""
    levels = []
    x, width = 0, 1000
    for number, (step, branches, says) in enumerate(
        zip(path.steps, found.drilled.branches, found.says, strict=True)
    ):
        before = branches.met.plus(branches.rest)
        split = round(width * branches.met.members / before.members) if before.members else 0
        levels.append(
            Level(
                number=number + 1,
                says=words(says, ""),
                met=_branch(path, number, branches, found.drilled.everybody, by, meets=True),
                rest=_branch(path, number, branches, found.drilled.everybody, by, meets=False),
                x=x,
                width=width,
                split=split,
            )
        )
        x, width = (x, split) if step.meets else (x + split, width - split)
    return levels


def _branch(
    path: Path, number: int, branches: Branches, everybody: Part, by: str, *, meets: bool
) -> Branch:
    step = path.steps[number]
    part = branches.met if meets else branches.rest
    before = branches.met.plus(branches.rest)
    way = Path(path.base, (*path.steps[:number], PathStep(step.rule, meets)))
    return Branch(
        row=part_row(part, everybody),
        of_before=part.members / before.members if before.members else None,
        url=_url(way, by),
        is_taken=step.meets == meets,
    )


def _next_cuts(
    request: HttpRequest,
    path: Path,
    by: str,
    one: Dimension,
    parts: Sequence[Part],
    present: Part,
) -> list[NextCut]:
    labels = cut_labels(request.scope.brand, one)
    return [
        NextCut(
            labels[cut.key],
            part_row(part, present),
            _url(Path(path.base, (*path.steps, PathStep(cut.rule))), by),
        )
        for cut, part in zip(one.cuts, parts, strict=True)
        if part.members
    ]
