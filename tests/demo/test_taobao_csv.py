"""The generated Taobao order list reads as the platform's own and breaks only where it says."""

from __future__ import annotations

import csv
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import pytest

from huitou.demo.taobao_csv import write_taobao_csv
from huitou.ingest.reading import detect, open_source, read_chunks
from huitou.ingest.records import ReadContext

CONTEXT = ReadContext(
    time_zone="Asia/Shanghai", currency="CNY", now=datetime(2019, 2, 1, tzinfo=UTC)
)


def test_the_header_is_the_platforms_own_to_the_byte(tmp_path: Path, samples: Path) -> None:
    sample = (samples / "taobao_ExportOrderList_2018.csv").read_bytes().splitlines()[0]

    write_taobao_csv(tmp_path / "orders.csv", 10)

    assert (tmp_path / "orders.csv").read_bytes().splitlines()[0] == sample


def test_every_row_has_54_cells_and_an_order_number_of_its_own(tmp_path: Path) -> None:
    write_taobao_csv(tmp_path / "orders.csv", 2_000)

    with (tmp_path / "orders.csv").open(encoding="gbk", newline="") as file:
        rows = list(csv.reader(file))
    assert Counter(map(len, rows)) == {54: 2_001}
    assert len({row[0] for row in rows}) == 2_001


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path) -> None:
    first = write_taobao_csv(tmp_path / "first.csv", 3_000, 7, damage=0.1)
    second = write_taobao_csv(tmp_path / "second.csv", 3_000, 7, damage=0.1)
    write_taobao_csv(tmp_path / "other.csv", 3_000, 8, damage=0.1)

    written = (tmp_path / "first.csv").read_bytes()
    assert first == second
    assert written == (tmp_path / "second.csv").read_bytes()
    assert written != (tmp_path / "other.csv").read_bytes()


def test_the_import_refuses_exactly_the_damaged_rows_and_says_why(tmp_path: Path) -> None:
    written = write_taobao_csv(tmp_path / "orders.csv", 10_000, 3, damage=0.05)

    source = open_source(tmp_path / "orders.csv")
    found = detect(source.header)
    assert found is not None
    chunks = list(read_chunks(source, found, context=CONTEXT))

    assert found.name == "taobao_orders"
    assert 400 < written.damaged < 600
    assert Counter(reject.code for chunk in chunks for reject in chunk.rejects) == (
        written.damaged_by_code
    )
    assert sum(chunk.orders.num_rows for chunk in chunks) == 10_000 - written.damaged
    assert sum(chunk.paid_minor for chunk in chunks) == written.paid_minor
    assert sum(chunk.refunded_minor for chunk in chunks) == written.refunded_minor


def test_a_share_above_one_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="0 to 1"):
        write_taobao_csv(tmp_path / "orders.csv", 10, damage=5)
