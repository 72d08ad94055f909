"""The strong identifiers of a row: whole, real, never masked, best first."""

from __future__ import annotations

from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading import cells, limits
from huitou.ingest.reading.cells import Cell
from huitou.ingest.reading.columns import Cleaner
from huitou.ingest.reading.rows import CleanRows

# Kinds that people type in any case; the platforms' own ids may differ by case alone.
_FOLDED = frozenset({"buyer_nick", "account", "payment_account", "email"})
_PLAIN_KEY = r"^[a-z0-9_@.\x{4e00}-\x{9fff}]{1,120}$"


def _folded_key(text: str) -> Cell:
    return _key(text, fold=True)


def _exact_key(text: str) -> Cell:
    return _key(text, fold=False)


def _key(text: str, *, fold: bool) -> Cell:
    if not text or cells.is_masked(text):
        return Cell(None)
    key = cells.key_of(text, fold=fold)
    return Cell(key if 0 < len(key) <= limits.EMAIL_CHARS_MAX else None)


@cache
def _cleaner(*, folded: bool) -> Cleaner:
    return Cleaner(_folded_key if folded else _exact_key, pa.string(), plain=_PLAIN_KEY)


def _values(rows: CleanRows, kind: str, field: str) -> pa.Array:
    column = rows.columns.get(field)
    if column is None:
        return pa.nulls(len(rows), pa.string())
    if pa.types.is_struct(column.type):
        return pc.struct_field(column, "key")
    return _cleaner(folded=kind in _FOLDED)(pc.fill_null(column, "")).values


def identifier_columns(rows: CleanRows, slots: int = 3) -> dict[str, pa.Array]:
    """``id1_kind``, ``id1_value`` … of the rows; a missing one leaves its place to the next."""
    nothing = pa.nulls(len(rows), pa.string())
    found = []
    for kind, field in rows.binding.format.identifiers[:slots]:
        values = _values(rows, kind, field)
        found.append((pc.if_else(pc.is_valid(values), pa.scalar(kind), None), values))
    found += [(nothing, nothing)] * (slots - len(found))
    for left, right in [(0, 1), (1, 2), (0, 1)]:
        if right < slots and found[left][1].null_count:
            found[left], found[right] = _moved_up(found[left], found[right])
    return {
        f"id{at + 1}_{part}": column
        for at, pair in enumerate(found)
        for part, column in zip(("kind", "value"), pair, strict=True)
    }


_Pair = tuple[pa.Array, pa.Array]


def _moved_up(left: _Pair, right: _Pair) -> tuple[_Pair, _Pair]:
    free = pc.is_null(left[1])
    up = tuple(
        pc.coalesce(a.cast(pa.string()), b.cast(pa.string()))
        for a, b in zip(left, right, strict=True)
    )
    rest = tuple(pc.if_else(free, pa.scalar(None, pa.string()), b.cast(pa.string())) for b in right)
    return (up[0], up[1]), (rest[0], rest[1])


def nameless_rows(rows: CleanRows) -> list[int]:
    """Positions of customers that nothing could ever recognise again.

    Orders without a buyer are kept for their amounts; a customer without an identifier would be
    another person at every import.
    """
    if rows.binding.format.kind != "customers" or not len(rows):
        return []
    unnamed = pc.is_null(identifier_columns(rows)["id1_value"])
    return list(pc.indices_nonzero(unnamed).to_pylist())
