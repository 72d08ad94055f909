"""Who is one person: by shared keys, by what people said, and never by who came first."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from huitou.members.components import (
    Components,
    Link,
    components,
    connected,
    links,
    live_keys,
)

Sighting = tuple[int, str, str]


def table(*rows: Sighting) -> pa.Table:
    """Sightings (account, kind, value)."""
    return pa.table(
        {
            "account": pa.array([row[0] for row in rows], pa.int64()),
            "kind": pa.array([row[1] for row in rows], pa.string()),
            "value": pa.array([row[2] for row in rows], pa.string()),
            "scope": pa.array([""] * len(rows), pa.string()),
            "name": pa.array([""] * len(rows), pa.string()),
        }
    )


def people(found: Components) -> list[list[int]]:
    """The accounts of each person."""
    groups: dict[int, list[int]] = {}
    for account, person in zip(found.accounts.tolist(), found.person.tolist(), strict=True):
        groups.setdefault(person, []).append(account)
    return sorted(groups.values())


def test_shared_keys_join_transitively() -> None:
    seen = table((1, "phone", "a"), (2, "phone", "a"), (2, "email", "x"), (5, "email", "x"))

    assert people(components(np.array([1, 2, 3, 5]), seen)) == [[1, 2, 5], [3]]


def test_a_void_key_joins_nobody_and_takes_its_named_form_along() -> None:
    seen = table((1, "phone", "a"), (2, "phone", "a"), (3, "named_phone", "a"), (4, "email", "a"))
    void = pa.table({"kind": ["phone"], "value": ["a"], "scope": [""]})

    assert live_keys(seen, void).to_pylist() == table((4, "email", "a")).to_pylist()


def test_accounts_said_to_be_apart_stay_so_and_the_stronger_key_decides_for_the_third() -> None:
    # 3 shares a phone with 1 and a payment account with 2
    seen = table(
        (1, "phone", "a"),
        (3, "phone", "a"),
        (2, "payment_account", "p"),
        (3, "payment_account", "p"),
    )

    assert people(components(np.array([1, 2, 3]), seen, apart=[(1, 2)])) == [[1], [2, 3]]


def test_people_saying_the_same_come_before_keys() -> None:
    seen = table((2, "payment_account", "p"), (3, "payment_account", "p"))

    found = components(np.array([1, 2, 3]), seen, same=[(1, 3)], apart=[(1, 2)])

    assert people(found) == [[1, 3], [2]]


def test_the_evidence_of_each_account_is_its_strongest_key() -> None:
    seen = table(
        (1, "email", "x"),
        (2, "email", "x"),
        (1, "phone", "a"),
        (2, "phone", "a"),
        (3, "email", "x"),
    )
    found = components(np.array([1, 2, 3]), seen)

    assert links(found, seen) == [Link(2, 1, "phone", "a"), Link(3, 1, "email", "x")]


kinds = st.sampled_from(["buyer_id", "payment_account", "named_phone", "phone", "email"])
seen_rows = st.lists(
    st.tuples(st.integers(0, 9), kinds, st.sampled_from(["1", "2", "3"])), max_size=25
)
pairs = st.lists(
    st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda pair: pair[0] != pair[1]),
    max_size=4,
)


@given(seen_rows, pairs, pairs, st.permutations(range(10)), st.randoms())
def test_neither_the_order_of_arrival_nor_of_rows_changes_the_people(
    rows: list[Sighting],
    same: list[tuple[int, int]],
    apart: list[tuple[int, int]],
    arrival: list[int],
    random: object,
) -> None:
    # given: the same accounts numbered in another order of arrival
    natural = {account: (str(account),) for account in range(10)}
    renamed = {arrival[account]: (str(account),) for account in range(10)}
    moved = [(arrival[a], kind, value) for a, kind, value in rows]
    random.shuffle(moved)  # type: ignore[attr-defined]

    # when
    first = components(np.arange(10), table(*rows), same=same, apart=apart, natural=natural)
    second = components(
        np.arange(10),
        table(*moved),
        same=[(arrival[a], arrival[b]) for a, b in same],
        apart=[(arrival[a], arrival[b]) for a, b in apart],
        natural=renamed,
    )

    # then
    expected = sorted(sorted(arrival[a] for a in group) for group in people(first))
    assert people(second) == expected


@given(seen_rows, pairs)
def test_no_person_holds_two_accounts_that_are_apart(
    rows: list[Sighting], apart: list[tuple[int, int]]
) -> None:
    found = components(np.arange(10), table(*rows), apart=apart)

    together = {pair for group in people(found) for pair in combinations(group, 2)}
    assert not together & {(min(pair), max(pair)) for pair in apart}


@given(
    st.integers(1, 12).flatmap(
        lambda size: st.tuples(
            st.just(size),
            st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=20),
        )
    )
)
def test_labels_are_those_of_a_plain_search(case: tuple[int, list[tuple[int, int]]]) -> None:
    size, edges = case
    neighbours: dict[int, set[int]] = {node: {node} for node in range(size)}
    for a, b in edges:
        merged = neighbours[a] | neighbours[b]
        for node in merged:
            neighbours[node] = merged

    left = np.array([a for a, _ in edges], dtype=np.int64)
    right = np.array([b for _, b in edges], dtype=np.int64)

    assert connected(size, left, right).tolist() == [min(neighbours[n]) for n in range(size)]
