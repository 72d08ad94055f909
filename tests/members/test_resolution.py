"""Rows that share an identifier are one person, in whatever order they stand."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from huitou.members.resolution import resolve

COLUMNS = ["id1_kind", "id1_value", "id2_kind", "id2_value", "id3_kind", "id3_value"]


def people(*rows: list[tuple[str, str]]) -> pa.Table:
    """A table of rows with up to three identifiers each."""
    flat = [
        dict(zip(COLUMNS, [part for identifier in row for part in identifier], strict=False))
        for row in rows
    ]
    return pa.Table.from_pylist(flat, schema=pa.schema([(c, pa.string()) for c in COLUMNS]))


def nobody(keys: pa.Table) -> pa.Table:
    """No identifier is on record."""
    return pa.table({"key": pa.array([], pa.int64()), "member_id": pa.array([], pa.int64())})


def on_record(members: dict[tuple[str, str], int]):
    """Those identifiers are on record."""

    def known(keys: pa.Table) -> pa.Table:
        hits = [
            (position, members[key])
            for position, key in enumerate(
                zip(keys["kind"].to_pylist(), keys["value"].to_pylist(), strict=True)
            )
            if key in members
        ]
        return pa.table(
            {
                "key": pa.array([hit[0] for hit in hits], pa.int64()),
                "member_id": pa.array([hit[1] for hit in hits], pa.int64()),
            }
        )

    return known


def test_a_row_without_identifiers_belongs_to_nobody() -> None:
    plan = resolve(people([], [("nick", "a")]), known=nobody).with_created(np.array([7]))

    assert plan.member_ids.tolist() == [0, 7]


def test_rows_join_through_a_third_row_that_shares_both_identifiers() -> None:
    rows = people(
        [("phone", "1")], [("email", "x")], [("phone", "1"), ("email", "x")], [("phone", "2")]
    )

    plan = resolve(rows, known=nobody)
    plan = plan.with_created(np.array([10, 11]))

    assert plan.new_rows.tolist() == [0, 3]
    assert plan.member_ids.tolist() == [10, 10, 10, 11]
    assert sorted(plan.new_identities.to_pylist(), key=str) == [
        {"kind": "email", "value": "x", "member_id": 10},
        {"kind": "phone", "value": "1", "member_id": 10},
        {"kind": "phone", "value": "2", "member_id": 11},
    ]


def test_a_new_row_joins_the_member_a_later_row_leads_to() -> None:
    rows = people([("phone", "1")], [("nick", "a"), ("phone", "1")])

    plan = resolve(rows, known=on_record({("nick", "a"): 5}))

    assert plan.member_ids.tolist() == [5, 5]
    assert plan.new_rows.size == 0
    assert plan.new_identities.to_pylist() == [{"kind": "phone", "value": "1", "member_id": 5}]


def test_two_members_on_record_are_never_joined_by_a_row() -> None:
    rows = people([("nick", "a"), ("phone", "1")])

    plan = resolve(rows, known=on_record({("nick", "a"): 5, ("phone", "1"): 6}))

    assert plan.member_ids.tolist() == [5]
    assert plan.new_identities.num_rows == 0


@given(
    st.lists(
        st.lists(
            st.tuples(st.sampled_from(["nick", "phone"]), st.sampled_from("abcdef")), max_size=3
        ),
        max_size=12,
    ),
    st.randoms(),
)
def test_people_are_the_connected_components_whatever_the_order(rows, random) -> None:
    # given the same rows in another order
    order = list(range(len(rows)))
    random.shuffle(order)

    # when both are resolved
    plan = resolve(people(*rows), known=nobody)
    shuffled = resolve(people(*[rows[i] for i in order]), known=nobody)

    # then rows are together exactly when a chain of shared identifiers joins them
    expected = _components(rows)
    assert _partition(plan.group_of_row.tolist()) == expected
    back = [0] * len(rows)
    for position, original in enumerate(order):
        back[original] = shuffled.group_of_row.tolist()[position]
    assert _partition(back) == expected
    assert plan.new_rows.size == len(expected)


def _partition(groups: list[int]) -> set[frozenset[int]]:
    return {
        frozenset(i for i, g in enumerate(groups) if g == group) for group in set(groups) - {-1}
    }


def _components(rows: list[list[tuple[str, str]]]) -> set[frozenset[int]]:
    groups = [({i}, set(row)) for i, row in enumerate(rows) if row]
    merged: list[tuple[set[int], set[tuple[str, str]]]] = []
    for members, keys in groups:
        for other in [m for m in merged if m[1] & keys]:
            members, keys = members | other[0], keys | other[1]
            merged.remove(other)
        merged.append((members, keys))
    return {frozenset(members) for members, _ in merged}
