"""Bad inputs that show only once a file is imported; the numbers are those of the test names."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from huitou.brands.models import Shop
from huitou.commerce.models import Order, Refund
from huitou.ingest import services
from huitou.ingest.models import Batch, BatchState, QuarantinedRow
from huitou.ingest.quarantine import write_quarantine
from huitou.ingest.retries import retry_file
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Identity, Member

MAPPING: dict[str, Any] = {
    "columns": {
        "order_no": "no",
        "ordered_at": "at",
        "paid": "paid",
        "buyer_name": "name",
        "buyer_phone": "phone",
    },
    "negatives": "refunds",
}
HEADER = "no,at,paid,name,phone"
GOOD = "A1,2026-06-01 10:00:00,9.90,沈知夏,19900000001"

pytestmark = pytest.mark.usefixtures("home")


def written(path: Path, *rows: str, header: str = HEADER) -> Path:
    """A file of ``rows``."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def run(shop: Shop, path: Path, mapping: dict[str, Any] = MAPPING) -> Batch:
    """Import ``path`` to the end."""
    batch = services.create_batch(shop=shop, path=path, file_name=path.name, mapping=mapping)
    return services.run_batch(batch.pk)


def counts(batch: Batch) -> tuple[int, ...]:
    """Rows, stored, updated, unchanged, quarantined."""
    return (batch.rows, batch.stored, batch.updated, batch.unchanged, batch.quarantined)


def test_case_16_a_file_of_headers_only_says_so(shop: Shop, tmp_path: Path) -> None:
    batch = run(shop, written(tmp_path / "a.csv"))

    assert (counts(batch), batch.state) == ((0, 0, 0, 0, 0), "done")
    assert batch.warnings == {"HEADER_ONLY": 1}


def test_cases_32_33_repeated_files_and_rows_change_nothing(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", GOOD, GOOD, GOOD.replace("A1", "A2"))
    first = run(shop, path)
    before = list(Order.objects.order_by("id").values())

    second = run(shop, path)

    assert (counts(first), first.repeated) == ((3, 2, 0, 1, 0), 1)
    assert (counts(second), second.repeated) == ((3, 0, 0, 3, 0), 1)
    assert list(Order.objects.order_by("id").values()) == before


def test_case_34_a_file_that_grows_while_it_is_copied_is_refused(
    shop: Shop, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.csv", GOOD)
    digest = services._sha256

    def writing(path: Path) -> str:
        found = digest(path)
        with path.open("a", encoding="utf-8") as file:
            file.write(GOOD.replace("A1", "A2") + "\n")
        return found

    monkeypatch.setattr(services, "_sha256", writing)

    with pytest.raises(RefusedInputError) as refused:
        run(shop, path)

    assert refused.value.code == "FILE_CHANGED"
    assert not Batch.objects.exists()
    assert [file for file in (home / "uploads").rglob("*") if file.is_file()] == []


def test_case_62_a_negative_amount_is_a_refund_by_mapping_only(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", GOOD, GOOD.replace("9.90", "-4.00"))
    strict = {**MAPPING, "negatives": "refuse"}

    assert counts(run(shop, path, strict)) == (2, 1, 0, 0, 1)
    assert QuarantinedRow.objects.get().code == "NEGATIVE_AMOUNT"
    assert counts(run(shop, path)) == (2, 1, 0, 1, 0)
    assert Refund.objects.get().amount_minor == 400
    assert Order.objects.get().paid_minor == 990


def test_cases_72_73_times_keep_their_instant_and_the_day_of_the_shop(
    shop: Shop, tmp_path: Path
) -> None:
    times = ("2026-06-01 23:30:00", "2026-06-01T23:30:00Z", "2026-06-01 23:30:00 -0500")
    rows = [
        GOOD.replace("A1", f"A{n}").replace("2026-06-01 10:00:00", t) for n, t in enumerate(times)
    ]

    run(shop, written(tmp_path / "a.csv", *rows))

    assert [
        (order.ordered_at.isoformat(), str(order.biz_date))
        for order in Order.objects.order_by("order_no")
    ] == [
        ("2026-06-01T15:30:00+00:00", "2026-06-01"),
        ("2026-06-01T23:30:00+00:00", "2026-06-02"),
        ("2026-06-02T04:30:00+00:00", "2026-06-02"),
    ]


def test_cases_82_87_88_phones_that_are_nobodys_make_no_member(shop: Shop, tmp_path: Path) -> None:
    phones = ("199****0001", "13800000000", "11111111111", "19900000001-1234", "021-55556666")
    rows = [
        GOOD.replace("A1", f"A{n}").replace("19900000001", phone) for n, phone in enumerate(phones)
    ]

    batch = run(shop, written(tmp_path / "a.csv", *rows))

    assert counts(batch) == (5, 5, 0, 0, 0)
    assert batch.without_buyer == 5
    assert not Identity.objects.exists()


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        "{{ x }}",
        "Robert'); DROP TABLE members_member;--",
        "👩‍👩‍👧\u202e",
    ],
)
def test_cases_93_94_names_are_stored_as_text(shop: Shop, tmp_path: Path, name: str) -> None:
    run(shop, written(tmp_path / "a.csv", GOOD.replace("沈知夏", name)))

    assert Member.objects.get().name == name


def test_a_failed_import_is_not_resumed_by_another_mapping(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", GOOD)
    first = services.create_batch(shop=shop, path=path, file_name="a.csv", mapping=MAPPING)
    Batch.objects.filter(pk=first.pk).update(state=BatchState.FAILED)
    other = {**MAPPING, "time_zone": "UTC"}

    again = services.create_batch(shop=shop, path=path, file_name="a.csv", mapping=MAPPING)
    second = services.create_batch(shop=shop, path=path, file_name="a.csv", mapping=other)

    assert again.pk == first.pk
    assert (second.pk != first.pk, second.mapping) == (True, other)


def test_rows_too_long_and_too_short_come_back_with_the_others(shop: Shop, tmp_path: Path) -> None:
    path = written(
        tmp_path / "a.csv",
        GOOD + ",,x",
        "A2,2026-06-01 10:00:00",
        GOOD.replace("A1", "A3").replace("9.90", "neun"),
    )
    batch = run(shop, path)
    table = tmp_path / "refused.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as handle:
        write_quarantine(batch, handle)

    # only the amount is corrected; the others go back as they were
    table.write_text(table.read_text("utf-8").replace("neun", "9.00"), "utf-8")
    again = services.run_batch(retry_file(batch, table).pk)

    assert counts(batch) == (3, 0, 0, 0, 3)
    assert counts(again) == (3, 1, 0, 0, 2)
    waiting = QuarantinedRow.objects.filter(batch=batch, resolved_by=None).order_by("row_no")
    assert [(q.row_no, q.code) for q in waiting] == [(1, "LONG_ROW"), (2, "SHORT_ROW")]


def test_a_table_that_a_spreadsheet_made_rectangular_is_taken_back(
    shop: Shop, tmp_path: Path
) -> None:
    batch = run(shop, written(tmp_path / "a.csv", GOOD + ",x", GOOD.replace("9.90", "neun")))
    table = tmp_path / "refused.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as handle:
        write_quarantine(batch, handle)
    with table.open(encoding="utf-8-sig", newline="") as handle:
        rows = list(csv.reader(handle))
    width = max(map(len, rows))
    rows = [[*row, *[""] * (width - len(row))] for row in rows]
    rows[1][-1] = ""
    rows[2][5] = "12.00"
    with table.open("w", encoding="gb18030", newline="") as handle:
        csv.writer(handle).writerows(rows)

    again = services.run_batch(retry_file(batch, table).pk)

    assert counts(again) == (2, 1, 1, 0, 0)
    assert not QuarantinedRow.objects.filter(resolved_by=None).exists()
    assert Order.objects.get().paid_minor == 1200
