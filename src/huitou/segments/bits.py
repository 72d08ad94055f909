"""Members as bits, so that thousands are looked up among a million without reading these.

Ids are kept in blocks of 512, one bit each, and blocks without anybody are left out. A brand's ids
lie close together: a sixtieth of what the ids take. Ids that are far apart take nine times as much.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from huitou.members.components import Ints

# Ids of a block, as a power of two.
_BLOCK_POWER = 9
_WITHIN = (1 << _BLOCK_POWER) - 1
# The number of a block, and its ids, the least in the highest bit of the first byte.
_BLOCK = np.dtype([("number", "<i8"), ("bits", "u1", ((_WITHIN + 1) // 8,))])

Bits = NDArray[Any]


def bits_of(members: Ints) -> Bits:
    """``members`` (ascending, each once) as bits."""
    numbers = members >> _BLOCK_POWER
    firsts = np.flatnonzero(np.diff(numbers, prepend=-1))
    of_block = np.repeat(np.arange(firsts.size), np.diff(firsts, append=members.size))
    flags = np.zeros((firsts.size, _WITHIN + 1), dtype=np.bool_)
    flags[of_block, members & _WITHIN] = True
    blocks = np.zeros(firsts.size, dtype=_BLOCK)
    blocks["number"] = numbers[firsts]
    blocks["bits"] = np.packbits(flags, axis=1)
    return blocks


def among(bits: Bits, members: Ints) -> NDArray[np.bool_]:
    """Of each of ``members`` (ascending), whether the bits have it.

    >>> among(bits_of(np.array([2, 5, 700])), np.array([1, 2, 188, 700, 9000])).tolist()
    [False, True, False, True, False]
    """
    if not bits.size:
        return np.zeros(members.size, dtype=np.bool_)
    numbers, wanted = np.ascontiguousarray(bits["number"]), members >> _BLOCK_POWER
    blocks = np.minimum(np.searchsorted(numbers, wanted), numbers.size - 1)
    within = members & _WITHIN
    has = (bits["bits"][blocks, within >> 3] << (within & 7)) & 0x80 != 0
    return np.asarray(has & (numbers[blocks] == wanted))


def write(path: Path, members: Ints) -> None:
    """Keep ``members`` as bits in a file."""
    bits_of(members).tofile(path)


def read(path: Path) -> Bits:
    """The bits of a file. Raises ``FileNotFoundError``."""
    return np.fromfile(path, dtype=_BLOCK)
