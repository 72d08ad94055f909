"""Texts as arrays: code points by column, and signatures of character pairs to compare by."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]

_SIGNATURE_WORDS = 4  # 256 bits: two dozen character pairs rarely collide
_SPACE = 32


def codes_of(values: pa.Array) -> Ints:
    """A number per distinct text, -1 for null and empty ones.

    >>> codes_of(pa.array(["a", None, "", "b", "a"])).tolist()
    [0, -1, -1, 1, 0]
    """
    present = pc.if_else(pc.equal(values, ""), None, values).dictionary_encode()
    numbers: Ints = present.indices.fill_null(-1).to_numpy().astype(np.int64)
    return numbers


def code_points(texts: pa.Array, width: int) -> NDArray[np.uint32]:
    """The first ``width`` code points of each text, one row a text, 0 behind its end."""
    cut = pc.utf8_slice_codeunits(texts.fill_null(""), 0, width)
    padded = pc.utf8_rpad(cut, width, "\0")
    raw = "".join(padded.to_pylist()).encode("utf-32-le", "surrogatepass")
    return np.frombuffer(raw, dtype=np.uint32).reshape(-1, width)


def _table(separators: str) -> NDArray[np.uint32]:
    """Where each code point goes: full-width forms to plain ones, separators to a space."""
    table = np.arange(0x110000, dtype=np.uint32)
    table[0xFF01:0xFF5F] = np.arange(0x21, 0x7F)
    table[0x3000] = _SPACE
    table[ord("A") : ord("Z") + 1] += 32
    for char in separators:
        table[ord(char)] = _SPACE
    return table


# What stands around numbers in an address and is written or left out at will.
_ADDRESS_TABLE = _table("号栋幢楼座室单元层弄#-—_,，.。;；:：/、()（） \t")


def _counting_words() -> NDArray[np.uint32]:
    """The plain digit of every counting word, else 0."""
    digits = np.zeros(0x10000, dtype=np.uint32)
    for place, char in enumerate("零一二三四五六七八九"):
        digits[ord(char)] = ord("0") + place
    digits[ord("两")] = ord("2")
    return digits


_COUNTING = _counting_words()


def address_parts(texts: pa.Array, width: int = 48) -> tuple[Bits, Bits, Ints, Ints]:
    """What is written (a signature), the numbers (64 bits), the last number and the one before.

    Chinese and full-width digits count as digits; -1 where there is no such number.

    >>> texts = pa.array(["桂花街１８号三栋2单元501室", "桂花街18号3-2-501"])
    >>> [part.tolist() for part in address_parts(texts)[1:]][1:]
    [[501, 501], [2, 2]]
    """
    points = _ADDRESS_TABLE[code_points(texts, width)]
    size = points.shape[0]
    # A counting word is a number before a unit: 三栋, but not in 文三路.
    counting = _COUNTING[np.minimum(points, 0xFFFF)]
    unit_next = np.zeros(points.shape, dtype=bool)
    unit_next[:, :-1] = points[:, 1:] == _SPACE
    points = np.where((counting > 0) & unit_next, counting, points)
    digit = (points >= 48) & (points <= 57)
    numbers = np.zeros(size, dtype=np.uint64)
    last, before = np.full(size, -1), np.full(size, -1)
    running = np.zeros(size, dtype=np.int64)
    for column in range(width):
        here = digit[:, column]
        running = np.where(here, running % 10**9 * 10 + points[:, column] - 48, 0)
        ends = here & (~digit[:, column + 1] if column + 1 < width else True)
        at = np.flatnonzero(ends)
        numbers[at] |= np.uint64(1) << (_scrambled(running[at].astype(np.uint64)) >> np.uint64(58))
        before[at], last[at] = last[at], running[at]
    points[digit] = _SPACE
    return signatures(points), numbers, last, before


def signatures(points: NDArray[np.uint32]) -> Bits:
    """A bit for every pair of neighbouring characters, spaces and ends left out."""
    size, width = points.shape
    bits = np.zeros((size, _SIGNATURE_WORDS), dtype=np.uint64)
    for column in range(width - 1):
        left, right = points[:, column].astype(np.uint64), points[:, column + 1].astype(np.uint64)
        at = np.flatnonzero((left > _SPACE) & (right > _SPACE))
        if not at.size:
            continue
        mixed = _scrambled(left[at] << np.uint64(24) | right[at])
        word = (mixed >> np.uint64(62)).astype(np.int64)
        bits[at, word] |= np.uint64(1) << (mixed >> np.uint64(56) & np.uint64(63))
    return bits


def likeness(bits: Bits, a: Ints, b: Ints) -> NDArray[np.float32]:
    """Dice's coefficient of the signatures at ``a`` and ``b``; 0 where either is empty."""
    counts = np.bitwise_count(bits).sum(axis=1, dtype=np.int64)
    common = np.bitwise_count(bits[a] & bits[b]).sum(axis=1, dtype=np.int64)
    total = np.maximum(counts[a] + counts[b], 1)
    dice: NDArray[np.float32] = (2 * common / total).astype(np.float32)
    return dice


def keys(*columns: Ints) -> Ints:
    """One number per row for equal ``columns``, -1 where any of them is negative.

    >>> made = keys(np.array([1, 1, -1]), np.array([2, 2, 2]))
    >>> bool(made[0] == made[1]), int(made[2])
    (True, -1)
    """
    mixed = np.zeros(columns[0].size, dtype=np.uint64)
    missing = np.zeros(columns[0].size, dtype=bool)
    for column in columns:
        mixed = _scrambled(mixed ^ column.astype(np.uint64))
        missing |= column < 0
    made = (mixed >> np.uint64(1)).astype(np.int64)
    made[missing] = -1
    return made


def pair_keys(a: Ints, b: Ints) -> Ints:
    """One number per unordered pair of numbers of 0 or more.

    >>> first, second = pair_keys(np.array([3, 8]), np.array([8, 3]))
    >>> bool(first == second)
    True
    """
    return keys(np.minimum(a, b), np.maximum(a, b))


def _scrambled(values: Bits) -> Bits:
    with np.errstate(over="ignore"):
        z = values * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x632BE59BD9B4E019)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        return z ^ (z >> np.uint64(31))
