"""``huitou segment drill|matrix|overlap|compare``: members parted, and segments side by side."""

from __future__ import annotations

import json as json_text
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show
from huitou.cli.segments import BrandName, refused_in_chinese, segment_app
from huitou.kernel.errors import RefusedInputError

if TYPE_CHECKING:
    from huitou.segments.drilling import PathStep
    from huitou.segments.parting import Part

Base = Annotated[str, typer.Option("--segment", help="Start from this segment; default: all.")]
Slugs = Annotated[list[str], typer.Argument(help="Two to five slugs.")]


def register(_root: typer.Typer) -> None:
    """Add the commands to ``huitou segment``, which ``cli.segments`` adds to the root."""
    for command in (drill, matrix, overlap, compare):
        segment_app.command()(refused_in_chinese()(command))


def drill(
    brand: BrandName,
    step: Annotated[
        list[str] | None,
        typer.Option(help="A condition as JSON; with a leading - the way goes on with the rest."),
    ] = None,
    by: Annotated[list[str] | None, typer.Option(help="Dimensions that part the end.")] = None,
    segment: Base = "",
    json: Json = False,
) -> None:
    """Both branches of one condition after the other."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.drilling import Path, drill_down

        path = Path(segment, tuple(_step(text) for text in step or ()))
        found = drill_down(brand_by_slug(brand), path, by=by or ())
    way = found.drilled
    lines = [_line("start", way.start)]
    for says, branches in zip(found.says, way.branches, strict=True):
        lines += [_line(f"✓ {says.zh}", branches.met), _line(f"✗ {says.zh}", branches.rest)]
    cuts = {
        one.kind.name: {cut.key: _part(part) for cut, part in zip(one.cuts, parts, strict=True)}
        for one, parts in found.next_cuts
    }
    for name, parts in cuts.items():
        lines += [f"{name}:", *(f"  {key:<20} {p['members']:>9,}" for key, p in parts.items())]
    result = {
        "as_of": found.as_of,
        "everybody": _part(way.everybody),
        "start": _part(way.start),
        "steps": [
            {"says_zh": says.zh, "says_en": says.en, "met": _part(b.met), "rest": _part(b.rest)}
            for says, b in zip(found.says, way.branches, strict=True)
        ],
        "present": _part(way.present),
        "cuts": cuts,
        "rule": path.rule(),
    }
    show(result, "\n".join(lines), as_json=json)


def matrix(
    brand: BrandName,
    rows: Annotated[str, typer.Option(help="A dimension, such as rfm_group.")],
    columns: Annotated[str, typer.Option(help="Another, such as main_category.")],
    segment: Base = "",
    json: Json = False,
) -> None:
    """Members, sales and orders by two dimensions."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.matrices import matrix as crossed

        found = crossed(brand_by_slug(brand), rows, columns, base=segment)
    cells = {
        row.key: {
            column.key: _part(part) for column, part in zip(found.columns.cuts, parts, strict=True)
        }
        for row, parts in zip(found.rows.cuts, found.cells, strict=True)
    }
    lines = [
        _line(f"{row} × {column}", part)
        for row, parts in zip((r.key for r in found.rows.cuts), found.cells, strict=True)
        for column, part in zip((c.key for c in found.columns.cuts), parts, strict=True)
    ]
    result = {"as_of": found.as_of, "cells": cells, "total": _part(found.total)}
    show(result, "\n".join(lines), as_json=json)


def overlap(brand: BrandName, slugs: Slugs, json: Json = False) -> None:
    """The sizes of all intersections."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.overlaps import overlap as laid

        found = laid(brand_by_slug(brand), slugs)
    names = [one.slug for one in found.chosen]
    intersections = [([names[n] for n in one.inside], one.part) for one in found.intersections]
    result = {
        "as_of": found.as_of,
        "sizes": {name: _part(part) for name, part in zip(names, found.sizes, strict=True)},
        "intersections": [{"segments": inside, **_part(part)} for inside, part in intersections],
        "pairs": [
            {**asdict(pair), "first": names[pair.first], "second": names[pair.second]}
            for pair in found.pairs
        ],
    }
    lines = [_line(" ∩ ".join(inside), part) for inside, part in intersections]
    show(result, "\n".join(lines) or "Nobody.", as_json=json)


def compare(brand: BrandName, slugs: Slugs, json: Json = False) -> None:
    """Key figures and every trait beside everybody; what differs most comes first."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.comparing import compare as beside

        found = beside(brand_by_slug(brand), slugs)
    names = ["everybody", *(one.slug for one in found.chosen)]
    ranked = sorted(found.rows, key=lambda row: -row.effect)
    result = {
        "as_of": found.as_of,
        "kpis": {name: asdict(kpis) for name, kpis in zip(names, found.kpis, strict=True)},
        "traits": {
            row.trait.name: {
                "effects": dict(zip(names[1:], row.effects[1:], strict=True)),
                "spreads": [asdict(spread) for spread in row.spreads],
                "counts": list(row.counts),
            }
            for row in ranked
        },
    }
    lines = [f"{name:<24} {k.members:>9,}" for name, k in zip(names, found.kpis, strict=True)]
    lines += [f"{row.trait.name:<24} {row.effect:>9.2f}" for row in ranked]
    show(result, "\n".join(lines), as_json=json)


def _part(part: Part) -> dict[str, Any]:
    return {**asdict(part), "aov_minor": part.aov_minor}


def _line(text: str, part: Part) -> str:
    return f"{part.members:>9,}  {text}"


def _step(text: str) -> PathStep:
    """A step as typed. Raises ``RefusedInputError``: ``STEP``."""
    from huitou.segments.drilling import PathStep

    try:
        rule = json_text.loads(text.removeprefix("-"))
    except (ValueError, RecursionError):
        raise RefusedInputError("STEP", f"{text[:60]!r} is no condition in JSON.") from None
    return PathStep(rule, meets=not text.startswith("-"))
