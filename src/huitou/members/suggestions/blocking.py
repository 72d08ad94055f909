"""Which pairs are worth comparing: those that share a rare enough key."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.members.suggestions.features import Features
from huitou.members.suggestions.texts import Ints, keys

# A larger block is too common to say anything, and its pairs grow with the square of it.
BLOCK_MAX = 120
# Pairs of one kind of block, per account and in all: where they would be more, the largest blocks
# are skipped until they fit. Bounds time and memory.
PAIRS_PER_ACCOUNT_MAX = 5
PAIRS_MAX = 5_000_000


# The fields that blocks are made of, as bits.
NAME, PHONE, PLACE, EMAIL, NICK, BIRTHDAY = (1 << n for n in range(6))
FIELD_BITS = {
    "name": NAME,
    "phone": PHONE,
    "place": PLACE,
    "email": EMAIL,
    "nick": NICK,
    "birthday": BIRTHDAY,
}
_ALL_FIELDS = NAME | PHONE | PLACE | EMAIL | NICK | BIRTHDAY


@dataclass(frozen=True)
class Candidates:
    """Pairs of rows, ``a`` before ``b``, sorted and distinct; ``skipped`` blocks were too large.

    ``free`` has the bits of the fields that a pair need not have agreed on to be found: some block
    found it without them. Only such pairs can tell how often one person's values differ.
    ``joined`` says whether both are one member already.
    """

    a: Ints
    b: Ints
    free: NDArray[np.int8]
    joined: NDArray[np.bool_]
    skipped: int


def candidates(f: Features) -> Candidates:
    """Pairs that share a key."""
    size = f.member.size
    room = min(PAIRS_PER_ACCOUNT_MAX * size, PAIRS_MAX)
    found: list[Ints] = []
    free: list[NDArray[np.int8]] = []
    skipped = 0
    for used, key in _block_keys(f):
        pairs, too_large = _pairs(key, room)
        found.append(pairs)
        free.append(np.full(pairs.size, ~used & _ALL_FIELDS, dtype=np.int8))
        skipped += too_large
    pairs, bits = np.concatenate(found), np.concatenate(free)
    order = np.argsort(pairs)
    pairs, bits = pairs[order], bits[order]
    starts = _starts(pairs)
    distinct = pairs[starts]
    free_bits = np.bitwise_or.reduceat(bits, starts) if starts.size else bits
    a, b = distinct // size, distinct % size
    return Candidates(a, b, free_bits, f.member[a] == f.member[b], skipped)


def _block_keys(f: Features) -> list[tuple[int, Ints]]:
    """The fields used and the keys. Coarse ones have a finer one for large brands."""
    place, phone, name = f.place, f.phone, f.name
    return [
        (PHONE, phone.whole),
        (EMAIL, f.email),
        (NICK, f.nick),
        (PHONE | NAME, keys(phone.tail, phone.prefix, name.surname)),
        (PLACE, keys(place.last, place.before, place.district)),
        (PLACE, keys(place.last, place.before, place.city)),
        (PLACE | NAME, keys(place.last, place.district, name.surname)),
        (NAME | PLACE, keys(name.code, place.city)),
        (PHONE | NAME | PLACE, keys(phone.tail, name.surname, place.city)),
        (BIRTHDAY, f.birthday),
        (PHONE | NAME, keys(phone.tail, name.surname)),
        (PHONE | PLACE, keys(phone.tail, place.city)),
        (PLACE, keys(place.last, place.district)),
        (NAME, name.code),
    ]


def _pairs(key: Ints, room: int) -> tuple[Ints, int]:
    """Pairs of rows with one ``key``, as ``a * size + b``, and how many blocks were skipped."""
    size = key.size
    rows = np.flatnonzero(key >= 0)
    order = rows[np.argsort(key[rows], kind="stable")]
    starts = _starts(key[order])
    sizes = np.diff(np.append(starts, order.size))
    by_size = np.sort(sizes)
    fitting = by_size[np.cumsum(by_size * (by_size - 1) // 2) <= room]
    largest = min(int(fitting[-1]), BLOCK_MAX) if fitting.size else 0
    small = sizes <= largest
    order = order[np.repeat(small, sizes)]
    first, second = pairs_within(key[order])
    return order[first] * size + order[second], int((~small).sum())


def pairs_within(ordered: Ints) -> tuple[Ints, Ints]:
    """All pairs of places, the earlier first, that hold the same value of the sorted ``ordered``.

    >>> [places.tolist() for places in pairs_within(np.array([4, 7, 7, 7]))]
    [[1, 2, 1], [2, 3, 3]]
    """
    starts = _starts(ordered)
    sizes = np.diff(np.append(starts, ordered.size))
    # How many are left in each group behind a place: pairs at a distance of 1, 2, …
    left = np.repeat(starts + sizes, sizes) - 1 - np.arange(ordered.size)
    first, second = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=np.int64)]
    at, distance = np.flatnonzero(left > 0), 1
    while at.size:
        first.append(at)
        second.append(at + distance)
        distance += 1
        at = at[left[at] >= distance]
    return np.concatenate(first), np.concatenate(second)


def _starts(ordered: Ints) -> Ints:
    """Where each run of equal values begins."""
    return np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: ordered.size])
