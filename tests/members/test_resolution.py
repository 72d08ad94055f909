"""Which account a row belongs to depends on the row alone."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from huitou.members.resolution import by_account, sightings

COLUMNS = ["id1_kind", "id1_value", "id2_kind", "id2_value", "id3_kind", "id3_value"]


def people(*rows: list[tuple[str, str]], names: list[str] | None = None) -> pa.Table:
    """A table of rows with up to three identifiers each."""
    flat = [
        dict(zip(COLUMNS, [part for identifier in row for part in identifier], strict=False))
        for row in rows
    ]
    table = pa.Table.from_pylist(flat, schema=pa.schema([(c, pa.string()) for c in COLUMNS]))
    return table.append_column("name", pa.array(names or [""] * len(rows), pa.string()))


def keys_of(table: pa.Table) -> list[tuple[str, str] | None]:
    """The account key of each row."""
    rows = by_account(table)
    keys = list(zip(rows.keys["kind"].to_pylist(), rows.keys["value"].to_pylist(), strict=True))
    return [keys[code] if code >= 0 else None for code in rows.key_of_row]


def test_a_row_without_identifiers_belongs_to_nobody() -> None:
    assert keys_of(people([], [("phone", "1")])) == [None, ("phone", "1")]


def test_a_platforms_own_identifier_comes_before_contacts() -> None:
    found = keys_of(
        people(
            [("email", "a@example.com"), ("phone", "1"), ("customer_id", "7")],
            [("email", "a@example.com"), ("phone", "1")],
            [("buyer_nick", "n"), ("customer_id", "7")],
        )
    )

    assert found == [("customer_id", "7"), ("email", "a@example.com"), ("buyer_nick", "n")]


def test_what_the_rows_show_is_listed_once_with_the_named_phones() -> None:
    table = people(
        [("buyer_nick", "n"), ("phone", "1")],
        [("buyer_nick", "n"), ("phone", "1")],
        [("phone", "1")],
        [],
    )
    table = table.append_column("reached_phone", pa.array(["+1", None, "+1", "+1"])).append_column(
        "reached_name", pa.array(["沈 知夏", "沈知夏", "沈**", "沈知夏"])
    )

    seen = sightings(table, by_account(table), np.array([5, 5, 6, 0]))

    assert [tuple(row.values()) for row in seen.to_pylist()] == [
        (5, "buyer_nick", "n", ""),
        (6, "phone", "1", ""),
        (5, "phone", "1", ""),
        (5, "named_phone", "+1", "沈知夏"),
    ]


identifiers = st.tuples(
    st.sampled_from(["buyer_nick", "phone", "email"]), st.sampled_from(["1", "2", "3"])
)


@given(st.lists(st.lists(identifiers, max_size=3), min_size=1, max_size=12), st.randoms())
def test_the_order_of_rows_does_not_matter(
    rows: list[list[tuple[str, str]]], random: object
) -> None:
    shuffled = list(range(len(rows)))
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    found = keys_of(people(*rows))

    assert keys_of(people(*(rows[n] for n in shuffled))) == [found[n] for n in shuffled]
