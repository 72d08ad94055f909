"""Cross matrix: conduct against object, and the rule of the cells somebody picks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.segments import grounds
from huitou.segments.dimensions import Cut, Dimension, dimension
from huitou.segments.parting import Crossed, Part, cross, summed
from huitou.segments.reading import read_rule
from huitou.segments.rules import EVERYONE
from huitou.segments.words import vocabulary_of

# A cell: the keys of its row and its column.
Cell = tuple[str, str]


@dataclass(frozen=True)
class Matrix:
    """Rows and columns that have a member, with ``cells[row][column]``.

    ``base`` is the slug of the segment looked at, or "" for everybody.
    """

    base: str
    rows: Dimension
    columns: Dimension
    cells: tuple[tuple[Part, ...], ...]
    total: Part
    as_of: date
    at: datetime
    refreshed_at: datetime

    def part_of(self, picked: Collection[Cell]) -> Part:
        """What the picked cells add up to."""
        return summed(
            [
                self.cells[r][c]
                for r, row in enumerate(self.rows.cuts)
                for c, column in enumerate(self.columns.cuts)
                if (row.key, column.key) in picked
            ]
        )

    def rule_of(self, picked: Collection[Cell]) -> dict[str, Any]:
        """The rule of the picked cells: any of rows that share their columns, whole ones short.

        Raises ``RefusedInputError``: ``CELLS`` when none of the picked is in the matrix.
        """
        by_columns: dict[tuple[str, ...], list[Cut]] = {}
        for row in self.rows.cuts:
            keys = tuple(c.key for c in self.columns.cuts if (row.key, c.key) in picked)
            if keys:
                by_columns.setdefault(keys, []).append(row)
        if not by_columns:
            raise RefusedInputError("CELLS", "Pick at least one cell of the matrix.")
        blocks = [
            _block(rows, self.rows, [c for c in self.columns.cuts if c.key in keys], self.columns)
            for keys, rows in by_columns.items()
        ]
        rule = blocks[0] if len(blocks) == 1 else {"any": blocks}
        if not self.base:
            return rule
        return {"all": [{"segment": self.base}, *([] if rule == {"all": []} else [rule])]}


def matrix(brand: Brand, rows: str, columns: str, *, base: str = "") -> Matrix:
    """The members of a segment (by slug), or all, by two dimensions.

    Raises ``RuleError`` for a segment that cannot be read, and ``RefusedInputError``:
    ``DIMENSION``, ``SAME`` for twice the same, ``NO_FIGURES``.
    """
    if rows == columns:
        raise RefusedInputError("SAME", "Rows and columns are the same: choose two.")
    words = vocabulary_of(brand)
    tree = read_rule({"segment": base}, words) if base else EVERYONE
    snapshot = grounds.snapshot_of(brand.pk)
    sides = [dimension(brand, snapshot, name) for name in (rows, columns)]
    trees = [[read_rule(cut.rule, words) for cut in side.cuts] for side in sides]
    with grounds.opened(brand) as ground:
        crossed = cross(ground, tree, *trees)
    kept_rows = [r for r, row in enumerate(crossed.cells) if any(p.members for p in row)]
    kept_columns = [
        c for c in range(len(sides[1].cuts)) if any(row[c].members for row in crossed.cells)
    ]
    return Matrix(
        base=base,
        rows=_only(sides[0], kept_rows),
        columns=_only(sides[1], kept_columns),
        cells=_cells(crossed, kept_rows, kept_columns),
        total=crossed.total,
        as_of=ground.as_of,
        at=ground.at.instant,
        refreshed_at=ground.refreshed_at,
    )


def merged(cuts: Sequence[Cut]) -> dict[str, Any]:
    """The rule of any of some cuts of one dimension; values of one trait become one list.

    >>> from huitou.segments.dimensions import Cut
    >>> def cut(code):
    ...     return Cut(code, {"trait": "buyer_type", "eq": code}, "value", code)
    >>> merged([cut("new"), cut("loyal")])
    {'trait': 'buyer_type', 'in': ['new', 'loyal']}
    """
    # Yes and no are values, but no texts to list.
    listed = [cut for cut in cuts if cut.value and cut.rule.get("eq") == cut.value]
    rules = [dict(cut.rule) for cut in cuts if cut not in listed]
    if len(listed) == 1:
        rules.insert(0, dict(listed[0].rule))
    elif listed:
        rules.insert(0, {"trait": listed[0].rule["trait"], "in": [cut.value for cut in listed]})
    return rules[0] if len(rules) == 1 else {"any": rules}


def _block(
    rows: Sequence[Cut], of_rows: Dimension, columns: Sequence[Cut], of_columns: Dimension
) -> dict[str, Any]:
    """Both sides hold; a side that is whole says nothing."""
    sides = [
        merged(cuts)
        for cuts, whole in ((rows, of_rows), (columns, of_columns))
        if len(cuts) < len(whole.cuts)
    ]
    return sides[0] if len(sides) == 1 else {"all": sides}


def _only(side: Dimension, places: Sequence[int]) -> Dimension:
    return replace(side, cuts=tuple(side.cuts[place] for place in places))


def _cells(
    crossed: Crossed, rows: Sequence[int], columns: Sequence[int]
) -> tuple[tuple[Part, ...], ...]:
    return tuple(tuple(crossed.cells[r][c] for c in columns) for r in rows)
