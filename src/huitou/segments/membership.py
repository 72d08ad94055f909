"""Who came and went: those found beside those of before.

Whoever was in lies in two files (``segments.files``): a base, and those who moved since it was
written. A refresh of candidates looks them up in the base and writes the moved alone; when these
grow beyond a share of the base, or everybody was judged, a new base is written.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from huitou.members.components import Ints
from huitou.segments import files
from huitou.segments.changes import Candidates
from huitou.segments.files import Kept
from huitou.segments.grounds import Found, Ground
from huitou.segments.rows import (
    LEFT,
    Rows,
    contains,
    joined,
    standing,
    without,
)

# Beyond one moved member for so many of the base, a new base is cheaper to read.
_BASE_PER_MOVED = 4


@dataclass(frozen=True)
class Moves:
    """Who entered and who left (ascending), how many are in and what they spent, and the files."""

    entered: Ints
    left: Ints
    members: int
    sales_minor: int
    kept: Kept


def of_candidates(
    ground: Ground,
    segment_id: int,
    before: Kept,
    sales_minor: int,
    *,
    asked: Candidates,
    found: Found,
) -> Moves:
    """The moves of the candidates, by those found among them; nobody else is looked at."""
    was_in = files.were_in(ground.brand_id, segment_id, before, asked.members)
    is_in = contains(found.members, asked.members)
    enters, leaves = (
        asked.to_judge & one & ~two for one, two in ((is_in, was_in), (was_in, is_in))
    )
    sales_minor += int(asked.spent_more[was_in].sum())
    sales_minor += int(asked.spent[enters].sum()) - int(asked.spent[leaves].sum())
    entered, left = asked.members[enters], asked.members[leaves]
    members = before.members + entered.size - left.size
    kept = before
    if entered.size or left.size:
        moved = files.read_rows(ground.brand_id, segment_id, before.moved)
        moved = joined(moved, _moves(ground, entered, left))
        kept = _with_moves(ground, segment_id, before.base, moved, members)
    return Moves(entered, left, members, sales_minor, kept)


def of_everybody(ground: Ground, segment_id: int, before: Kept | None, *, found: Found) -> Moves:
    """The moves of all members, by those found among all."""
    were = files.standing_rows(ground.brand_id, segment_id, before)
    entered, left = without(found.members, were.members), without(were.members, found.members)
    kept = before
    if kept is None or entered.size or left.size:
        rows = standing(were, _moves(ground, entered, left))
        kept = Kept(files.write_base(ground.brand_id, segment_id, rows), "", rows.members.size)
    return Moves(entered, left, found.members.size, int(found.spent.sum()), kept)


def _moves(ground: Ground, entered: Ints, left: Ints) -> Rows:
    """Who came and went at the ground's instant, as rows."""
    members = np.concatenate([entered, left])
    since = np.full(members.size, LEFT, dtype=np.int64)
    since[: entered.size] = files.microseconds(ground.at.instant)
    order = np.argsort(members)
    return Rows(members[order], since[order])


def _with_moves(ground: Ground, segment_id: int, base: str, moved: Rows, members: int) -> Kept:
    """The files after members moved: the base as it is, or a new one."""
    if moved.members.size * _BASE_PER_MOVED <= members:
        return Kept(base, files.write_rows(ground.brand_id, segment_id, moved), members)
    rows = standing(files.read_rows(ground.brand_id, segment_id, base), moved)
    return Kept(files.write_base(ground.brand_id, segment_id, rows), "", members)
