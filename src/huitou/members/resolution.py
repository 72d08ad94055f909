"""Which account each row of a set belongs to, and what keys it shows: pure array work.

A row's account is the first of its identifiers that means something on its platform only, else
its first identifier. So an account depends on nothing but the row, and files may come in any
order; what other keys the row shows only tells which accounts are one person.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.members.models import NAMED_PHONE, PLATFORM_KINDS

Ints = NDArray[np.int64]

ID_COLUMNS = (("id1_kind", "id1_value"), ("id2_kind", "id2_value"), ("id3_kind", "id3_value"))
_TEXT = pa.string()


@dataclass(frozen=True)
class Rows:
    """The rows by account: ``key_of_row`` is a position in ``keys`` (-1: no identifier).

    ``keys`` has kind and value; ``first_row`` is where each key is seen first. ``name`` is each
    row's whole name as ``whole_names`` writes it, empty when unknown.
    """

    key_of_row: Ints
    keys: pa.Table
    first_row: Ints
    name: pa.Array


def whole_names(names: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Names as they are compared: without spaces and case; empty where masked or a single letter.

    >>> whole_names(pa.array(["沈 知夏", "沈**", "Mira Solberg", "x", None])).to_pylist()
    ['沈知夏', '', 'mirasolberg', '', '']
    """
    if isinstance(names, pa.ChunkedArray):
        names = names.combine_chunks()
    names = pc.fill_null(names.cast(_TEXT), "")
    plain = pc.utf8_lower(pc.replace_substring_regex(pc.utf8_normalize(names, "NFKC"), r"\s+", ""))
    unusable = pc.or_(pc.match_substring(plain, "*"), pc.less(pc.utf8_length(plain), 2))
    return pc.if_else(unusable, "", plain)


def by_account(people: pa.Table) -> Rows:
    """The account key of every row of ``people`` (see ``services`` for its columns)."""
    size = people.num_rows
    kind: pa.Array = pa.nulls(size, _TEXT)
    value: pa.Array = pa.nulls(size, _TEXT)
    for wanted in (True, False):
        for kinds, values in _slots(people):
            fits = pc.and_(pc.is_null(kind), pc.and_(pc.is_valid(kinds), pc.is_valid(values)))
            if wanted:
                fits = pc.and_(fits, pc.fill_null(pc.is_in(kinds, _LOCAL), False))
            kind = pc.if_else(fits, kinds, kind)
            value = pc.if_else(fits, values, value)
    codes, keys, first = _coded(kind, value)
    names = people["name"] if "name" in people.column_names else pa.nulls(size, _TEXT)
    return Rows(codes, keys, first, whole_names(names))


_LOCAL = pa.array(sorted(PLATFORM_KINDS), _TEXT)


def _slots(people: pa.Table) -> list[tuple[pa.Array, pa.Array]]:
    return [
        (_plain(people[kind]), _plain(people[value]))
        for kind, value in ID_COLUMNS
        if value in people.column_names
    ]


def _plain(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks().cast(_TEXT)


def _coded(kind: pa.Array, value: pa.Array) -> tuple[Ints, pa.Table, Ints]:
    """A number per distinct (kind, value), the distinct ones, and where each is seen first."""
    present = np.flatnonzero(pc.is_valid(value).to_numpy(zero_copy_only=False))
    at = pa.array(present)
    kinds, values = kind.take(at), value.take(at)
    joined = pc.binary_join_element_wise(kinds, values, "\x1f").dictionary_encode()
    codes = np.full(len(kind), -1, dtype=np.int64)
    codes[present] = joined.indices.to_numpy()
    _, first = np.unique(codes[present], return_index=True)
    first_row = present[first].astype(np.int64)
    return (
        codes,
        pa.table({"kind": kinds.take(pa.array(first)), "value": values.take(pa.array(first))}),
        first_row,
    )


def sightings(people: pa.Table, rows: Rows, member_of_row: Ints) -> pa.Table:
    """Every distinct (member_id, kind, value, name) the rows show, with ``owns`` false.

    A row's named phone comes from the columns ``reached_name`` and ``reached_phone`` (E.164) when
    there are such; both must be whole.
    """
    parts = []
    known = member_of_row > 0
    for kinds, values in _slots(people):
        shown = known & pc.is_valid(values).to_numpy(zero_copy_only=False)
        parts.append(_part(np.flatnonzero(shown), member_of_row, kinds, values, None))
    if "reached_phone" in people.column_names:
        phones, names = _plain(people["reached_phone"]), whole_names(people["reached_name"])
        shown = (
            known
            & pc.is_valid(phones).to_numpy(zero_copy_only=False)
            & pc.not_equal(names, "").to_numpy(zero_copy_only=False)
        )
        kinds = pa.repeat(pa.scalar(NAMED_PHONE, _TEXT), len(phones))
        parts.append(_part(np.flatnonzero(shown), member_of_row, kinds, phones, names))
    together = pa.concat_tables(parts).combine_chunks()
    # Distinct by one joined text: hashing four columns is slower.
    joined = pc.binary_join_element_wise(
        together["member_id"].cast(_TEXT), together["kind"], together["value"], together["name"],
        "\x1f",
    )  # fmt: skip
    codes = joined.combine_chunks().dictionary_encode().indices.to_numpy()
    _, first = np.unique(codes, return_index=True)
    return together.take(pa.array(np.sort(first)))


def _part(
    at: NDArray[np.intp],
    member_of_row: Ints,
    kinds: pa.Array,
    values: pa.Array,
    names: pa.Array | None,
) -> pa.Table:
    places = pa.array(at)
    return pa.table(
        {
            "member_id": pa.array(member_of_row[at], pa.int64()),
            "kind": kinds.take(places),
            "value": values.take(places),
            "name": names.take(places) if names is not None else pa.array([""] * at.size, _TEXT),
        }
    )
