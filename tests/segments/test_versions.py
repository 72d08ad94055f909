"""What two files of traits have in common is left out, wherever their rows lie."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from huitou.segments import versions

# Members with a number and a code, either of which may be unknown.
PEOPLE = st.dictionaries(
    st.integers(1, 40),
    st.tuples(st.none() | st.integers(0, 2), st.none() | st.sampled_from(["a", "b"])),
)
SCHEMA = pa.schema([("member_id", pa.int64()), ("days", pa.int64()), ("code", pa.string())])


def _write(path: Path, people: dict[int, Any]) -> str:
    rows = [
        {"member_id": member, "days": days, "code": code}
        for member, (days, code) in sorted(people.items())
    ]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, row_group_size=7)
    return str(path)


def _rows(table: pa.Table) -> dict[int, Any]:
    return {row["member_id"]: (row["days"], row["code"]) for row in table.to_pylist()}


@given(before=PEOPLE, now=PEOPLE, rows=st.integers(1, 9))
def test_only_rows_that_differ_are_left(
    tmp_path_factory: pytest.TempPathFactory,
    before: dict[int, Any],
    now: dict[int, Any],
    rows: int,
) -> None:
    # given two versions, read a few rows at a time
    folder = tmp_path_factory.mktemp("versions")
    paths = _write(folder / "before.parquet", before), _write(folder / "now.parquet", now)

    # when they are held against each other
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(versions, "_ROWS_AT_A_TIME", rows)
        old, new = versions.differing(*paths, ["days", "code"])

    # then each has the members the other lacks or has otherwise
    assert _rows(old) == {m: said for m, said in before.items() if now.get(m, "none") != said}
    assert _rows(new) == {m: said for m, said in now.items() if before.get(m, "none") != said}
