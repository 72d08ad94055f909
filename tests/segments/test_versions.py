"""What two versions have in common is left out, wherever its rows lie."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.lake import engine
from huitou.lake import store as lake
from huitou.lake.registry import tables
from huitou.segments import versions
from huitou.segments.files import new_name

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


# Rows of a fact by month: the same one may be there several times.
FACTS = st.dictionaries(
    st.integers(1, 3),
    st.lists(st.tuples(st.none() | st.integers(1, 3), st.none() | st.integers(0, 2)), max_size=6),
)


def _lake(root: Path, facts: dict[int, Any]) -> list[str]:
    """A file, of a name of its own, of each month."""
    paths = []
    for month, rows in facts.items():
        path = root / "touch_fact" / f"month={month}" / new_name()
        path.parent.mkdir(parents=True, exist_ok=True)
        schema = pa.schema([f for f in tables()["touch_fact"].schema if f.name != "month"])
        empty = {field.name: None for field in schema}
        named = [{**empty, "member_id": member, "shop_id": shop} for member, shop in rows]
        pq.write_table(pa.Table.from_pylist(named, schema), path)
        paths.append(str(path.relative_to(root)))
    return paths


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=FACTS, now=FACTS)
def test_facts_that_one_version_has_once_more_differ(
    home: Path, before: dict[int, Any], now: dict[int, Any]
) -> None:
    # given two versions of a table of the lake
    files = [{"touch_fact": _lake(lake.brand_root(1), facts)} for facts in (before, now)]

    # when they are held against each other
    replaced = versions.replaced(1, ["touch_fact"], *files)
    assert replaced is not None
    sql = versions.differing_facts("touch_fact", replaced["touch_fact"], ("member_id", "shop_id"))
    with engine.cursor() as connection:
        found = connection.execute(sql).fetchall() if sql else []

    # then
    counts = [Counter(row for rows in facts.values() for row in rows) for facts in (before, now)]
    different = {row for row in counts[0] | counts[1] if counts[0][row] != counts[1][row]}
    assert Counter(found) == Counter(different)


def test_versions_cannot_be_compared_without_the_files_of_before(home: Path) -> None:
    # given
    gone = {"touch_fact": ["touch_fact/month=1/gone.parquet"]}

    # when
    replaced = versions.replaced(1, ["touch_fact"], gone, {})

    # then
    assert replaced is None
