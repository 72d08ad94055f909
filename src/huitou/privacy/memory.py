"""What later files must not bring back: identifiers of erased people, known by their keyed hash."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.privacy.models import Tombstone
from huitou.vault.hashing import EMAIL, PHONE, blind_indexes, identifier_kind, token

Mask = NDArray[np.bool_]
_ID_RANKS = (1, 2, 3)


class Memory:
    """The erased people of a brand. Ask ``remembered`` first: most brands have none."""

    def __init__(self, brand_id: int, kinds: frozenset[str], digests: frozenset[bytes]) -> None:
        self.brand_id = brand_id
        self.kinds = kinds
        self._digests = digests

    def hits(self, pairs: Sequence[tuple[str, str | None]]) -> Mask:
        """Which ``(hash kind, value)`` pairs are of erased people."""
        kinds, known = self.kinds, self._digests
        asked = [(kind, value if kind in kinds else None) for kind, value in pairs]
        digests = blind_indexes(asked, brand_id=self.brand_id)
        return np.fromiter((digest in known for digest in digests), bool, len(digests))

    def people(self, table: pa.Table, *, platform: str, contacts: Sequence[str]) -> Mask:
        """The rows of erased people, by their identifiers and the columns ``contacts``.

        These are named ``…phone``, ``…email`` or ``nick``.
        """
        hit = np.zeros(table.num_rows, dtype=bool)
        for rank in _ID_RANKS:
            if f"id{rank}_value" in table.column_names:
                kinds = table[f"id{rank}_kind"].to_pylist()
                values = table[f"id{rank}_value"].to_pylist()
                hit |= self.hits(
                    [
                        (identifier_kind(platform, kind or ""), value)
                        for kind, value in zip(kinds, values, strict=True)
                    ]
                )
        for column in contacts:
            if column in table.column_names:
                kind = _kind_of(column, platform)
                hit |= self.hits([(kind, value) for value in table[column].to_pylist()])
        return hit

    def anonymous(
        self, table: pa.Table, hit: Mask, *, platform: str, silent: Iterable[str]
    ) -> pa.Table:
        """``table`` with columns ``silent`` null in the rows of ``hit``, identifiers as tokens."""
        if not hit.any():
            return table
        keep = pa.array(~hit)
        for name in silent:
            if name in table.column_names:
                at = table.column_names.index(name)
                nothing = pa.scalar(None, table.schema.field(at).type)
                table = table.set_column(at, name, pc.if_else(keep, table[name], nothing))
        for rank in _ID_RANKS:
            name = f"id{rank}_value"
            if name in table.column_names:
                tokens = self._tokens(table, rank, hit, platform)
                at = table.column_names.index(name)
                table = table.set_column(at, name, pc.if_else(keep, table[name], tokens))
        return table

    def _tokens(self, table: pa.Table, rank: int, hit: Mask, platform: str) -> pa.Array:
        kinds = table[f"id{rank}_kind"].to_pylist()
        values = table[f"id{rank}_value"].to_pylist()
        pairs = [
            (identifier_kind(platform, kind or ""), value if is_hit else None)
            for kind, value, is_hit in zip(kinds, values, hit, strict=True)
        ]
        digests = blind_indexes(pairs, brand_id=self.brand_id)
        return pa.array([token(d) if d is not None else None for d in digests], pa.string())


def _kind_of(column: str, platform: str) -> str:
    if column.endswith(PHONE):
        return PHONE
    return EMAIL if column.endswith(EMAIL) else identifier_kind(platform, f"buyer_{column}")


def remembered(brand_id: int) -> Memory | None:
    """The brand's memory; None where nobody was erased.

    It is read whole: people are erased by the hundred, rows come by the million.
    """
    found = list(Tombstone.objects.filter(brand_id=brand_id).values_list("kind", "digest"))
    if not found:
        return None
    return Memory(
        brand_id,
        frozenset(kind for kind, _ in found),
        frozenset(bytes(digest) for _, digest in found),
    )
