"""How often two things lie in one basket: counted over sorted numbers, without a hash table.

A line is one number, its basket above its item. Sorted, the lines of a basket stand together and in
order of item, and a pair is a line with one of those some places after it. Most baskets are small,
so few places are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

# A count for every pair of items: 128 MiB.
ITEMS_MAX = 4_096
# Pairs put aside before they are counted: 160 MiB.
_PAIRS_HELD = 20_000_000


class PairCounts:
    """Baskets by item, by pair of items, and in all.

    ``items`` are numbered from 0. A basket that holds an item twice counts it once.

    >>> counts = PairCounts(3)
    >>> counts.add(np.array([7, 7, 7, 9, 9]), np.array([0, 2, 2, 2, 1]))
    >>> counts.baskets, counts.of_item.tolist(), counts.pairs().tolist()
    (2, [1, 1, 2], [[0, 2, 1], [1, 2, 1]])
    """

    def __init__(self, items: int) -> None:
        if items > ITEMS_MAX:
            raise ValueError(f"no more than {ITEMS_MAX} items can be paired")
        self.items = items
        self.baskets = 0
        self.of_item = np.zeros(items, np.int64)
        self._bits = max(items - 1, 1).bit_length()
        self._of_pair = np.zeros(1 << (2 * self._bits), np.int64)

    def add(self, baskets: Ints, items: Ints) -> None:
        """Count lines: a basket's lines must all come in one call."""
        if not len(baskets):
            return
        lines = (baskets << self._bits) | items
        lines.sort()
        lines = lines[np.concatenate(([True], lines[1:] != lines[:-1]))]
        basket = lines >> self._bits
        item = (lines & ((1 << self._bits) - 1)).astype(np.int32)
        self.baskets += 1 + int(np.count_nonzero(basket[1:] != basket[:-1]))
        self.of_item += np.bincount(item, minlength=self.items)
        for pairs in self._pairs(basket, item):
            self._of_pair += np.bincount(pairs, minlength=len(self._of_pair))

    def _pairs(self, basket: Ints, item: NDArray[np.int32]) -> Iterator[NDArray[np.int32]]:
        held: list[NDArray[np.int32]] = []
        size, apart = 0, 1
        first = np.flatnonzero(basket[1:] == basket[:-1])
        while len(first):
            held.append((item[first] << self._bits) | item[first + apart])
            size += len(first)
            if size >= _PAIRS_HELD:
                yield np.concatenate(held)
                held, size = [], 0
            apart += 1
            first = first[: np.searchsorted(first, len(basket) - apart)]
            first = first[basket[first + apart] == basket[first]]
        if held:
            yield np.concatenate(held)

    def pairs(self, baskets_min: int = 1) -> Ints:
        """Rows of (item, later item, baskets with both) of at least ``baskets_min`` baskets."""
        found = np.flatnonzero(self._of_pair >= max(1, baskets_min))
        later = found & ((1 << self._bits) - 1)
        return np.stack([found >> self._bits, later, self._of_pair[found]], axis=1)
