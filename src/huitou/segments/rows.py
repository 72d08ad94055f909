"""Members as sorted arrays: who is in by a base and those who moved since, and set arithmetic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from huitou.members.components import Ints

# "since" of who left.
LEFT = int(np.iinfo(np.int64).min)


@dataclass(frozen=True)
class Rows:
    """The rows of one file: members ascending, and since when, in microseconds since 1970.

    ``since`` is ``LEFT`` for who left.
    """

    members: Ints
    since: Ints

    @classmethod
    def nothing(cls) -> Rows:
        """No rows."""
        return cls(np.array([], dtype=np.int64), np.array([], dtype=np.int64))


def contains(some: Ints, members: Ints) -> NDArray[np.bool_]:
    """Of each of ``members``, whether it is among ``some``; both ascending.

    >>> contains(np.array([2, 5]), np.array([1, 2, 9])).tolist()
    [False, True, False]
    """
    if not some.size:
        return np.zeros(members.size, dtype=np.bool_)
    places = np.minimum(np.searchsorted(some, members), some.size - 1)
    return np.asarray(some[places] == members)


def without(members: Ints, others: Ints) -> Ints:
    """Those of ``members`` that are not among ``others``; both ascending."""
    return members[~contains(others, members)]


def joined(earlier: Rows, later: Rows) -> Rows:
    """The rows of both, ascending; of a member both name, the later."""
    stays = ~contains(later.members, earlier.members)
    members = np.concatenate([earlier.members[stays], later.members])
    order = np.argsort(members, kind="stable")
    since = np.concatenate([earlier.since[stays], later.since])
    return Rows(members[order], since[order])


def standing(base: Rows, moved: Rows) -> Rows:
    """Who is in by a base and those who moved since."""
    rows = joined(base, moved)
    stands = rows.since != LEFT
    return Rows(rows.members[stands], rows.since[stands])
