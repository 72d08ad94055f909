"""What groups of members look like, trait by trait, counted over the columns of a traits file.

Every member has a bit for each group it is in. A column is read once, by itself, and what can be
counted is counted for all groups at once, by value and bits: memory holds a few columns and never a
table. As many columns are at work at a time as there are processors.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from huitou.insight.rules import divided, rounded
from huitou.insight.traits import TRAITS, Trait
from huitou.members.components import Ints
from huitou.segments.rows import contains
from huitou.segments.vocabulary import DECIMAL_KINDS, TIME_KINDS, VALUE_KINDS

# Of a number: the ends and the inside of its picture.
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)
# The value of those of whom nothing is known.
UNKNOWN = ""
# The values of a boolean.
TRUE, FALSE = "true", "false"
# Whole numbers that lie no further apart are counted instead of sorted.
_COUNTED_MAX = 1 << 16


@dataclass(frozen=True)
class Kpis:
    """What a group adds up to; ``repeat`` have two purchases or more, ``lost`` are lost buyers."""

    members: int = 0
    buyers: int = 0
    sales_minor: int = 0
    orders: int = 0
    repeat: int = 0
    new: int = 0
    lost: int = 0

    @property
    def aov_minor(self) -> int | None:
        """Sales an order."""
        return rounded(divided(self.sales_minor, self.orders))

    @property
    def orders_a_buyer(self) -> float | None:
        """Orders a buyer."""
        return divided(self.orders, self.buyers)

    @property
    def repurchase_rate(self) -> float | None:
        """The share of buyers with two purchases or more."""
        return divided(self.repeat, self.buyers)

    @property
    def churn_rate(self) -> float | None:
        """The share of buyers who are lost."""
        return divided(self.lost, self.buyers)

    @property
    def new_share(self) -> float | None:
        """The share of buyers with one purchase day; the others are returning."""
        return divided(self.new, self.buyers)


@dataclass(frozen=True)
class Spread:
    """A number over a group: how many have it, mean, standard deviation, and ``LEVELS``.

    Dates and times are days since 1970-01-01. Levels between two values are interpolated. Without
    a member who has it all but ``known`` is None.
    """

    known: int = 0
    mean: float | None = None
    deviation: float | None = None
    levels: tuple[float, ...] | None = None

    @property
    def median(self) -> float | None:
        """The middle."""
        return self.levels[2] if self.levels else None


# Members by value.
Shares = Mapping[str, int]
Numbers = NDArray[np.float64]
Bits = NDArray[np.uint8]


@dataclass(frozen=True)
class Profile:
    """A group of members: key figures, and by trait the spread of a number or members by value."""

    kpis: Kpis
    traits: Mapping[str, Any]


def profiles(traits_path: str, groups: Sequence[Ints]) -> tuple[Profile, ...]:
    """Everybody in a file of traits, then the members of each group (ids, ascending; at most 8)."""
    ids = _column(traits_path, "member_id").to_numpy()
    bits = np.zeros(ids.size, np.uint8)
    for place, group in enumerate(groups):
        bits |= contains(group, ids).astype(np.uint8) << place
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(partial(_of_trait, traits_path, bits, len(groups)), TRAITS))
    kpis = _kpis(traits_path, bits, len(groups))
    return tuple(
        Profile(kpis[n], {t.name: of_groups[n] for t, of_groups in zip(TRAITS, found, strict=True)})
        for n in range(1 + len(groups))
    )


def spread(values: Numbers) -> Spread:
    """The spread of numbers, in any order.

    >>> spread(np.array([4.0, 1.0, 2.0, 3.0]))
    Spread(known=4, mean=2.5, deviation=1.118033988749895, levels=(1.3, 1.75, 2.5, 3.25, 3.7))
    """
    if not values.size:
        return Spread()
    places, share = _places(values.size)
    ordered = np.partition(values, np.unique(places))[places]
    return _spread(values.size, float(values.mean()), float(values.std()), ordered, share)


def spread_of_counts(values: Numbers, counts: Ints) -> Spread:
    """The same of ``values``, ascending, and how often each is there.

    >>> spread_of_counts(np.array([1.0, 2.0, 3.0]), np.array([1, 0, 1]))
    Spread(known=2, mean=2.0, deviation=1.0, levels=(1.2, 1.5, 2.0, 2.5, 2.8))
    """
    known = int(counts.sum())
    if not known:
        return Spread()
    places, share = _places(known)
    ordered = values[np.searchsorted(counts.cumsum(), places, side="right")]
    mean = float(values @ counts / known)
    deviation = float(np.sqrt((values - mean) ** 2 @ counts / known))
    return _spread(known, mean, deviation, ordered, share)


def _places(known: int) -> tuple[NDArray[np.intp], Numbers]:
    """Where the values below and above each level stand in order, and how far between it lies."""
    exact = np.array(LEVELS) * (known - 1)
    below = exact.astype(np.intp)
    return np.stack([below, np.minimum(below + 1, known - 1)]), exact - below


def _spread(known: int, mean: float, deviation: float, ordered: Numbers, share: Numbers) -> Spread:
    levels = ordered[0] + (ordered[1] - ordered[0]) * share
    return Spread(known, mean, deviation, tuple(levels.tolist()))


def _of_trait(path: str, bits: Bits, groups: int, trait: Trait) -> list[Spread] | list[Shares]:
    column = _column(path, trait.name)
    if trait.kind in VALUE_KINDS:
        values, codes = _coded(column)
        return [_shares(values, counts) for counts in _tallies(codes, len(values), bits, groups)]
    numbers, known = _numbers(column, trait.kind)
    numbers, bits = numbers[known], bits[known]
    least, most = (numbers.min(), numbers.max()) if numbers.size else (0.0, 0.0)
    if trait.kind not in DECIMAL_KINDS and most - least < _COUNTED_MAX:
        distinct = np.arange(least, most + 1)
        tallies = _tallies((numbers - least).astype(np.intp), distinct.size, bits, groups)
        return [spread_of_counts(distinct, counts) for counts in tallies]
    return [spread(numbers), *(spread(numbers[bits >> n & 1 == 1]) for n in range(groups))]


def _tallies(codes: NDArray[np.intp], distinct: int, bits: Bits, groups: int) -> list[Ints]:
    """How many of everybody, and of each group, have each of the ``distinct`` codes from 0."""
    shape = 1 << groups, distinct
    found = np.bincount(bits * np.intp(distinct) + codes, minlength=shape[0] * distinct)
    by_bits = found.reshape(shape)
    holders = np.arange(shape[0])
    return [by_bits.sum(0), *(by_bits[holders >> n & 1 == 1].sum(0) for n in range(groups))]


def _shares(values: Sequence[str], members: Ints) -> Shares:
    shares = Counter[str]()
    for value, count in zip(values, members.tolist(), strict=True):
        if count:  # nothing and '' are one value
            shares[value] += count
    return shares


def _coded(column: pa.ChunkedArray) -> tuple[list[str], NDArray[np.intp]]:
    """The distinct values, and for each member the place of its own among them."""
    coded = column.dictionary_encode("encode").unify_dictionaries()
    dictionary = coded.chunk(0).dictionary.to_pylist() if coded.num_chunks else []
    indices = [np.asarray(chunk.indices) for chunk in coded.chunks]
    codes = np.concatenate(indices) if indices else np.array([])
    return [_value_text(value) for value in dictionary], codes.astype(np.intp)


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return TRUE if value else FALSE
    return UNKNOWN if value is None else str(value)


def _numbers(column: pa.ChunkedArray, kind: str) -> tuple[Numbers, NDArray[np.bool_]]:
    """The column as numbers, and who has one at all."""
    if kind in TIME_KINDS:
        column = column.cast(pa.date32(), safe=False).cast(pa.int32())
    numbers = column.cast(pa.float64()).to_numpy()  # NaN where there is none
    return numbers, ~np.isnan(numbers)


def _kpis(path: str, bits: Bits, groups: int) -> list[Kpis]:
    orders, bought = _numbers(_column(path, "frequency"), "count")
    sales = pc.fill_null(_column(path, "monetary_minor"), 0).to_numpy()
    new = pc.equal(_column(path, "buyer_type"), "new").fill_null(False).to_numpy()
    lost = pc.equal(_column(path, "lifecycle_stage"), "lost").fill_null(False).to_numpy()
    found = []
    for held in (np.ones(bits.size, np.bool_), *(bits >> n & 1 == 1 for n in range(groups))):
        buyers = orders[held & bought]
        found.append(
            Kpis(
                members=int(held.sum()),
                buyers=buyers.size,
                sales_minor=int(sales[held].sum()),
                orders=int(buyers.sum()),
                repeat=int((buyers >= 2).sum()),
                new=int((held & new).sum()),
                lost=int((held & lost).sum()),
            )
        )
    return found


def _column(path: str, name: str) -> pa.ChunkedArray:
    return pq.ParquetFile(path, memory_map=True).read([name], use_threads=False)[name]
