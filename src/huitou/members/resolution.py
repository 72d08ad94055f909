"""Which rows of a set are the same person: connected components over shared identifiers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

ID_COLUMNS = (("id1_kind", "id1_value"), ("id2_kind", "id2_value"), ("id3_kind", "id3_value"))


@dataclass(frozen=True)
class Resolution:
    """What a set of rows amounts to.

    ``group_of_row`` numbers the person of each row (-1: no identifier). ``member_of_group`` is 0
    until ``with_created`` fills in the ids of people seen for the first time, whose profile is
    taken from ``new_rows``, one row position each.
    """

    group_of_row: NDArray[np.int64]
    member_of_group: NDArray[np.int64]
    new_rows: NDArray[np.int64]
    created_ids: NDArray[np.int64]
    unknown_keys: pa.Table  # kind, value, group

    def with_created(self, created: NDArray[np.int64]) -> Resolution:
        """The same with the new members' ids, in the order of ``new_rows``."""
        members = self.member_of_group.copy()
        members[self.group_of_row[self.new_rows]] = created
        return replace(self, member_of_group=members, created_ids=created)

    @property
    def member_ids(self) -> NDArray[np.int64]:
        """The member of each row, 0 where it has no identifier."""
        padded = np.append(self.member_of_group, 0)
        return padded[self.group_of_row]

    @property
    def new_identities(self) -> pa.Table:
        """Identifiers not yet on record: kind, value, member_id."""
        groups = self.unknown_keys["group"].to_numpy()
        return pa.table(
            {
                "kind": self.unknown_keys["kind"],
                "value": self.unknown_keys["value"],
                "member_id": pa.array(self.member_of_group[groups], pa.int64()),
            }
        )


def resolve(people: pa.Table, *, known: Callable[[pa.Table], pa.Table]) -> Resolution:
    """Group ``people`` by shared identifiers and by the members ``known`` tells.

    ``known`` receives the distinct keys (``kind, value``) and returns ``key`` (position) and
    ``member_id`` of those on record. Two members already on record are never joined: a row
    belongs to the one of its first known identifier.
    """
    size = people.num_rows
    row, rank, keys, key_of = _keys(people)
    members_of_key = np.zeros(keys.num_rows, dtype=np.int64)
    found = known(keys)
    members_of_key[found["key"].to_numpy()] = found["member_id"].to_numpy()

    # 1. Rows with an identifier on record go to the member of the best one.
    member_of_row = np.zeros(size, dtype=np.int64)
    for level in range(len(ID_COLUMNS) - 1, -1, -1):
        at = rank == level
        hit = members_of_key[key_of[at]]
        rows_hit = row[at][hit > 0]
        member_of_row[rows_hit] = hit[hit > 0]

    # 2. Everything else is joined through shared keys. A row's label is the smallest row position
    #    it is joined to; rows of known members count below zero, so that they come first.
    fixed = member_of_row > 0
    label = np.arange(size) - np.where(fixed, size, 0)
    unknown = members_of_key[key_of] == 0
    u_row, u_key = row[unknown], key_of[unknown]
    owner = np.full(keys.num_rows, size, dtype=np.int64)
    while True:
        np.minimum.at(owner, u_key, label[u_row])
        lowest = label.copy()
        np.minimum.at(lowest, u_row, owner[u_key])
        lowest[fixed] = label[fixed]  # two known members are never joined
        if np.array_equal(lowest, label):
            break
        label = lowest

    # 3. A new row whose component holds a known member's row belongs to that member.
    root = np.where(label < 0, label + size, label)
    root_member = member_of_row[root]
    has_key = np.zeros(size, dtype=bool)
    has_key[row] = True
    person = np.where(root_member > 0, root_member, -(root + 1))
    person[~has_key] = 0
    values, group = np.unique(person, return_inverse=True)
    group_of_row = np.where(has_key, group, -1).astype(np.int64)
    member_of_group = np.where(values > 0, values, 0).astype(np.int64)
    new_rows = np.sort(-values[values < 0] - 1).astype(np.int64)

    # The first row that shows a new key gives it its owner.
    fresh, shown_at = np.unique(u_key, return_index=True)
    unknown_keys = keys.take(pa.array(fresh)).append_column(
        "group", pa.array(group_of_row[u_row[shown_at]])
    )
    return Resolution(
        group_of_row, member_of_group, new_rows, np.array([], dtype=np.int64), unknown_keys
    )


def _keys(
    people: pa.Table,
) -> tuple[NDArray[np.int64], NDArray[np.int64], pa.Table, NDArray[np.int64]]:
    """(row, rank) of every identifier present, the distinct keys, and each one's key position."""
    rows, ranks, kinds, values = [], [], [], []
    for level, (kind_column, value_column) in enumerate(ID_COLUMNS):
        if value_column not in people.column_names:
            continue
        present = pc.and_(
            pc.is_valid(people[kind_column]), pc.is_valid(people[value_column])
        ).to_numpy()
        at = np.flatnonzero(present)
        rows.append(at)
        ranks.append(np.full(at.size, level))
        kinds.append(people[kind_column].combine_chunks().take(pa.array(at)).cast(pa.string()))
        values.append(people[value_column].combine_chunks().take(pa.array(at)).cast(pa.string()))
    if not rows:
        empty = np.array([], dtype=np.int64)
        return (
            empty,
            empty,
            pa.table({"kind": pa.array([], pa.string()), "value": pa.array([], pa.string())}),
            empty,
        )
    kind = pa.chunked_array(kinds, pa.string()).combine_chunks()
    value = pa.chunked_array(values, pa.string()).combine_chunks()
    joined = pc.binary_join_element_wise(kind, value, "\x1f").dictionary_encode()
    key_of = joined.indices.to_numpy().astype(np.int64)
    _, first = np.unique(key_of, return_index=True)
    keys = pa.table({"kind": kind, "value": value}).take(pa.array(first))
    return np.concatenate(rows), np.concatenate(ranks), keys, key_of
