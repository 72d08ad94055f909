"""Batches from the file to the last committed row, and back."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from huitou.brands.models import Shop
from huitou.commerce.models import Order, OrderLine, Product
from huitou.ingest import services
from huitou.ingest.models import Batch, BatchState, QuarantinedRow
from huitou.ingest.quarantine import MARKS, write_quarantine
from huitou.ingest.retries import retry_file, retry_rows
from huitou.jobs.models import Job
from huitou.kernel.errors import RefusedInputError
from huitou.members.consent import consents, record_consent
from huitou.members.models import ConsentEntry, Identity, Member
from tests.factories import make_shop

HEADER = (
    "订单编号,买家会员名,买家实际支付金额,订单状态,收货人姓名,订单创建时间,订单付款时间,退款金额"
)
pytestmark = pytest.mark.usefixtures("home")


def row(number: int, *, nick: str = "zhixia", paid: str = "10.00", day: int = 1) -> str:
    """A finished order of the order list."""
    moment = f"2026-06-{day:02d} 10:00:00"
    return f"T{number},{nick},{paid},交易成功,沈知夏,{moment},{moment},0.00"


def written(path: Path, rows: Sequence[str], header: str = HEADER) -> Path:
    """A file of ``rows``."""
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def run(shop: Shop, path: Path, **options: Any) -> Batch:
    """Import ``path`` to the end."""
    return services.run_batch(
        services.create_batch(shop=shop, path=path, file_name=path.name).pk, **options
    )


def counts(batch: Batch) -> tuple[int, ...]:
    """Rows, stored, updated, unchanged, quarantined."""
    return (batch.rows, batch.stored, batch.updated, batch.unchanged, batch.quarantined)


def test_every_row_is_accounted_for_and_the_job_tells_the_end(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [row(1), row(2, paid="zwei"), row(3)])

    batch = run(shop, path)

    assert counts(batch) == (3, 2, 0, 0, 1)
    assert (batch.state, batch.orders, batch.paid_minor) == ("done", 2, 2000)
    job = Job.objects.get(pk=batch.job_id)
    assert (job.state, job.done, job.total) == ("done", 3, 3)
    refused = QuarantinedRow.objects.get()
    assert (refused.row_no, refused.column, refused.value) == (2, "买家实际支付金额", "zwei")
    assert refused.original == row(2, paid="zwei").split(",")


def test_the_same_file_again_changes_nothing(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [row(1), row(2)])
    run(shop, path)
    orders = list(Order.objects.order_by("id").values())

    again = run(shop, path)

    assert counts(again) == (2, 0, 0, 2, 0)
    assert list(Order.objects.order_by("id").values()) == orders
    assert Member.objects.count() == 1


def test_rows_repeated_within_a_file_count_once(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [row(1), row(2), row(1)])

    batch = run(shop, path)

    assert counts(batch) == (3, 2, 0, 1, 0)
    assert (batch.repeated, batch.orders) == (1, 2)


def test_of_differing_rows_about_one_order_the_later_counts(shop: Shop, tmp_path: Path) -> None:
    batch = run(shop, written(tmp_path / "a.csv", [row(1, paid="10.00"), row(1, paid="12.00")]))

    assert counts(batch) == (2, 1, 1, 0, 0)
    assert Order.objects.get().paid_minor == 1200


def test_an_order_without_a_buyer_is_kept_and_belongs_to_nobody(shop: Shop, tmp_path: Path) -> None:
    batch = run(shop, written(tmp_path / "a.csv", [row(1, nick="知**"), row(2, nick="")]))

    assert (batch.stored, batch.without_buyer) == (2, 2)
    assert set(Order.objects.values_list("member_id", flat=True)) == {None}
    assert not Member.objects.exists()


def test_a_member_is_called_by_a_whole_name_before_a_nick(shop: Shop, tmp_path: Path) -> None:
    masked = row(2, nick="gulan").replace("沈知夏", "顾*")

    run(shop, written(tmp_path / "a.csv", [row(1, nick="zhixia"), masked]))

    assert sorted(Member.objects.values_list("name", flat=True)) == ["gulan", "沈知夏"]


def test_an_interrupted_import_goes_on_where_it_stopped(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path / "a.csv", [row(n, nick=f"n{n}") for n in range(1, 8)])
    batch = services.create_batch(shop=shop, path=path, file_name="a.csv")
    record = services.record_chunk
    chunks = itertools.count()

    def failing(*args: Any, **kwargs: Any) -> None:
        record(*args, **kwargs)
        if next(chunks) == 1:
            raise ConnectionError("the database went away")

    monkeypatch.setattr(services, "record_chunk", failing)
    with pytest.raises(ConnectionError):
        services.run_batch(batch.pk, chunk_rows=3)
    stopped = Batch.objects.get(pk=batch.pk)
    assert (stopped.state, stopped.position, stopped.stored) == ("failed", 3, 3)
    assert Job.objects.get(pk=batch.job_id).message == "the database went away"

    monkeypatch.setattr(services, "record_chunk", record)
    resumed = services.create_batch(shop=shop, path=path, file_name="a.csv")
    done = services.run_batch(resumed.pk, chunk_rows=3)

    assert resumed.pk == batch.pk
    assert counts(done) == (7, 7, 0, 0, 0)
    assert Order.objects.count() == Member.objects.count() == 7


@pytest.mark.parametrize("arrival", [("list", "lines"), ("lines", "list")])
def test_order_list_and_line_list_join_up(shop: Shop, samples: Path, arrival: Any) -> None:
    files = {
        "list": samples / "taobao_ExportOrderList_2018.csv",
        "lines": samples / "taobao_ExportOrderDetailList_2018.csv",
    }

    for name in arrival:
        run(shop, files[name])

    orders = Order.objects.order_by("order_no").values_list(
        "order_no", "status", "paid_minor", "refunded_minor", "quantity", "is_purchase"
    )
    assert list(orders) == [
        ("201809010000000101", "finished", 15800, 0, 2, True),
        ("201809010000000102", "created", 0, 0, 1, False),
        ("201809010000000103", "shipped", 10300, 0, 2, True),
        ("201809010000000104", "closed_refunded", 5900, 5900, 1, False),
        ("201809010000000105", "cancelled", 0, 0, 1, False),
    ]
    assert OrderLine.objects.count() == 6
    assert Identity.objects.filter(kind="buyer_nick").count() == 4


def test_undo_leaves_nothing_behind_and_works_once(shop: Shop, samples: Path) -> None:
    first = run(shop, samples / "taobao_ExportOrderList_2018.csv")
    second = run(shop, samples / "taobao_ExportOrderDetailList_2018.csv")

    with pytest.raises(RefusedInputError, match=f"#{second.pk}") as refused:
        services.undo_batch(first.pk)
    assert refused.value.code == "LATER_CHANGES"

    services.undo_batch(second.pk)
    assert (Order.objects.count(), OrderLine.objects.count()) == (5, 0)
    services.undo_batch(first.pk)

    for model in (Order, Member, Identity, Product):
        assert not model.objects.exists()
    with pytest.raises(RefusedInputError, match="already undone"):
        services.undo_batch(first.pk)
    assert counts(run(shop, samples / "taobao_ExportOrderList_2018.csv")) == (5, 5, 0, 0, 0)


def test_corrected_rows_come_back_and_leave_the_quarantine(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [row(1), row(2, paid="zwei"), row(3, paid="drei")])
    batch = run(shop, path)

    retry = retry_rows(batch, {2: row(2).split(","), 3: row(3, paid="?").split(",")})
    done = services.run_batch(retry.pk)

    assert counts(done) == (2, 1, 0, 0, 1)
    waiting = QuarantinedRow.objects.filter(batch=batch, resolved_by=None)
    assert [q.row_no for q in waiting] == [3]
    assert Order.objects.filter(order_no="T2").exists()


def test_the_downloaded_table_comes_back_corrected(shop: Shop, tmp_path: Path) -> None:
    batch = run(shop, written(tmp_path / "a.csv", [row(1, paid="eins"), row(2)]))
    table = tmp_path / "refused.csv"
    with table.open("w", encoding="utf-8-sig", newline="") as handle:
        assert write_quarantine(batch, handle) == 1
    with table.open(encoding="utf-8-sig", newline="") as handle:
        lines = list(csv.reader(handle))
    assert tuple(lines[0][:3]) == MARKS
    assert (lines[1][0], lines[1][3]) == ("1", "T1")

    lines[1][5] = "10.00"
    with table.open("w", encoding="utf-8-sig", newline="") as handle:
        csv.writer(handle).writerows(lines)
    done = services.run_batch(retry_file(batch, table).pk)

    assert counts(done) == (1, 1, 0, 0, 0)
    assert not QuarantinedRow.objects.filter(resolved_by=None).exists()


def test_only_waiting_rows_of_the_batch_can_be_retried(shop: Shop, tmp_path: Path) -> None:
    batch = run(shop, written(tmp_path / "a.csv", [row(1)]))

    with pytest.raises(RefusedInputError, match="row 1 is not waiting"):
        retry_rows(batch, {1: row(1).split(",")})
    with pytest.raises(RefusedInputError) as refused:
        retry_file(batch, written(tmp_path / "b.csv", [row(1)]))

    assert refused.value.code == "NOT_A_QUARANTINE_FILE"
    assert Batch.objects.count() == 1


def test_a_file_of_unknown_headers_is_refused_before_any_effect(
    shop: Shop, tmp_path: Path, home: Path
) -> None:
    path = written(tmp_path / "a.csv", ["1,2"], header="foo,bar")

    with pytest.raises(RefusedInputError, match="foo, bar") as refused:
        services.create_batch(shop=shop, path=path, file_name="a.csv")

    assert refused.value.code == "UNKNOWN_FORMAT"
    assert not Batch.objects.exists()
    assert not Job.objects.exists()
    assert not (home / "uploads").exists()


def test_a_mapping_is_kept_with_the_batch(shop: Shop, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", ["A1,c1,2026-06-01,9.90"], header="no,who,day,amount")
    mapping = {
        "grain": "order",
        "columns": {"order_no": "no", "account": "who", "ordered_at": "day", "paid": "amount"},
        "identifiers": ["account"],
    }

    batch = services.create_batch(shop=shop, path=path, file_name="a.csv", mapping=mapping)
    done = services.run_batch(batch.pk)

    assert (done.mapping, counts(done)) == (mapping, (1, 1, 0, 0, 0))
    order = Order.objects.get()
    assert (order.order_no, order.paid_minor, order.is_purchase) == ("A1", 990, True)
    assert str(order.biz_date) == "2026-06-01"


@pytest.mark.django_db(transaction=True)
def test_a_batch_in_other_hands_is_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "_LOCK_WAIT_SECONDS", 0)
    shop = make_shop()
    batch = services.create_batch(
        shop=shop, path=written(tmp_path / "a.csv", [row(1)]), file_name="a.csv"
    )
    parameters = connection.get_connection_params()
    parameters.pop("cursor_factory", None)
    parameters.pop("context", None)
    with psycopg.connect(**parameters) as other:
        other.execute("select pg_advisory_lock(%s, %s)", [services._BATCH_LOCK, batch.pk])

        with pytest.raises(RefusedInputError, match="worked on right now"):
            services.run_batch(batch.pk)

    assert Batch.objects.get(pk=batch.pk).state == BatchState.QUEUED


SHOPIFY = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Phone,Accepts SMS Marketing,"
    "Total Spent,Total Orders"
)


def standing_consents() -> dict[str, dict[str, str]]:
    """Name → channel → what holds for marketing."""
    names = dict(Member.objects.values_list("id", "name"))
    brand_id = Member.objects.values_list("brand_id", flat=True).first()
    found = consents(brand_id or 0, {pk: [pk] for pk in names})
    return {
        names[pk]: {channel: held.decision for (channel, _), held in matters.items()}
        for pk, matters in found.items()
    }


def test_customer_files_bring_consent_and_take_it_back(shop: Shop, tmp_path: Path) -> None:
    # given
    path = written(
        tmp_path / "customers.csv",
        [
            "1,Mira,Solberg,mira@example.com,yes,,no,1.00,1",
            "2,Ola,Berg,ola@example.com,,,perhaps,1.00,1",
        ],
        SHOPIFY,
    )

    # when
    batch = run(shop, path)

    # then
    assert counts(batch) == (2, 2, 0, 0, 0)
    assert batch.warnings == {"CONSENT_NOT_UNDERSTOOD": 1}
    assert standing_consents() == {"Mira Solberg": {"email": "granted", "sms": "withdrawn"}}
    assert list(
        ConsentEntry.objects.order_by("channel").values_list("place", "wording", "source_ref")
    ) == [
        (f"import {batch.pk}, row 1", "Accepts Email Marketing", batch.pk),
        (f"import {batch.pk}, row 1", "Accepts SMS Marketing", batch.pk),
    ]

    # and the same file again changes nothing, a refusal is a change
    assert counts(run(shop, path)) == (2, 0, 0, 2, 0)
    refusing = run(
        shop,
        written(
            tmp_path / "later.csv",
            [
                "1,Mira,Solberg,mira@example.com,no,,no,1.00,1",
                "2,Ola,Berg,ola@example.com,,,yes,1.00,1",
            ],
            SHOPIFY,
        ),
    )
    assert counts(refusing) == (2, 0, 2, 0, 0)
    assert standing_consents() == {
        "Mira Solberg": {"email": "withdrawn", "sms": "withdrawn"},
        "Ola Berg": {"sms": "granted"},
    }

    # and undoing takes it back
    services.undo_batch(refusing.pk)
    assert standing_consents() == {"Mira Solberg": {"email": "granted", "sms": "withdrawn"}}
    services.undo_batch(batch.pk)
    assert (ConsentEntry.objects.count(), Member.objects.count()) == (0, 0)


def test_an_account_with_the_members_own_decision_stays_when_its_import_is_undone(
    shop: Shop, tmp_path: Path
) -> None:
    # given
    rows = ["1,Mira,Solberg,mira@example.com,yes,,no,1.00,1"]
    batch = run(shop, written(tmp_path / "customers.csv", rows, SHOPIFY))
    mira = Member.objects.get()
    record_consent(
        brand_id=shop.brand_id,
        member_ids=[mira.pk],
        channel="email",
        purpose="marketing",
        decision="withdrawn",
        source="link",
        now=datetime.now(UTC),
    )

    # when
    services.undo_batch(batch.pk)

    # then
    assert Member.objects.get() == mira
    assert standing_consents() == {"Mira Solberg": {"email": "withdrawn"}}
