"""One member is looked up in a file as the file says, and the file is read once."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from huitou.segments.lookups import since_in
from huitou.segments.rows import LEFT, Rows


def test_a_member_is_found_among_others_with_what_the_file_says(tmp_path: Path) -> None:
    # given
    rows = Rows(np.array([3, 5, 9]), np.array([30, LEFT, 90]))

    # when
    found = [since_in(tmp_path / "a.parquet", n, lambda: rows) for n in (1, 3, 4, 5, 9, 10)]

    # then
    assert found == [None, 30, None, LEFT, 90, None]


def test_a_file_without_rows_names_nobody(tmp_path: Path) -> None:
    assert [since_in(tmp_path / "a.parquet", 1, Rows.nothing) for _ in range(2)] == [None, None]


def test_a_file_is_laid_out_once(tmp_path: Path) -> None:
    # given
    read: list[int] = []

    def rows() -> Rows:
        read.append(1)
        return Rows(np.array([3]), np.array([30]))

    # when
    found = [since_in(tmp_path / "a.parquet", 3, rows) for _ in range(3)]

    # then
    assert (found, len(read)) == ([30, 30, 30], 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.rows"]
