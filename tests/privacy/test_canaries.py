"""Erasure canaries: planted in every entry path, found nowhere afterwards; the sums stay."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order
from huitou.eventlog.models import BeforeImage
from huitou.eventlog.services import append
from huitou.ingest.models import Batch, QuarantinedRow
from huitou.ingest.quarantine import write_quarantine
from huitou.ingest.services import create_batch, run_batch, undo_batch
from huitou.ingest.uploads import pending_files
from huitou.insight import queries
from huitou.insight.services import refresh
from huitou.insight.types import Scope
from huitou.jobs.services import create_job
from huitou.lake import engine, store
from huitou.members.models import Identity, Member
from huitou.members.queries import search
from huitou.privacy.exporting import export_member
from huitou.privacy.models import PrivacyRequest, RequestState, Tombstone
from huitou.privacy.services import (
    preview_erasure,
    request_erasure,
    run_erasure,
    unfinished_erasures,
)
from huitou.privacy.steps import exports_folder, register_step, steps
from huitou.privacy.subjects import Subject
from tests.factories import make_brand, make_shop, make_staff
from tests.privacy import canaries
from tests.privacy.canaries import CONTACTS, found_in_files, found_in_tables, sums

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
FILES = (
    ("customers.csv", canaries.CUSTOMER_ROWS, canaries.CUSTOMERS),
    ("orders.csv", canaries.ORDER_ROWS, canaries.ORDERS),
    (f"{canaries.NAME}.csv", canaries.NEWER_CUSTOMER_ROWS, canaries.CUSTOMERS),
    ("refunds.csv", canaries.REFUND_ROWS, canaries.REFUNDS),
    ("reviews.csv", canaries.REVIEW_ROWS, canaries.REVIEWS),
)
JUNE = {"start": date(2026, 6, 1), "end": date(2026, 6, 30)}


@pytest.fixture
def brand(transactional_db: None, home: Path) -> Brand:
    """A brand whose today is the end of June 2026."""
    return make_brand(pinned_as_of=date(2026, 6, 30))


@pytest.fixture
def shop(brand: Brand) -> Shop:
    """Its shop."""
    return make_shop(brand, platform="other")


@pytest.fixture
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The operator's own folder, outside of Huitou."""
    return tmp_path_factory.mktemp("desk")


@pytest.fixture
def member(brand: Brand, shop: Shop, home: Path, desk: Path) -> Member:
    """The canary, planted everywhere there is a way in."""
    for file in FILES:
        take_in(shop, desk, *file)
    operator = Client()
    operator.force_login(make_staff(brand))
    unknown = SimpleUploadedFile("unknown.csv", canaries.UNKNOWN_ROWS.encode())
    operator.post("/imports/", {"shop": shop.pk, "format": "auto", "uploads": [unknown]})
    append(
        brand_id=brand.pk,
        kind="canary.planted",
        subject_ids=[1],
        occurred_at=NOW,
        origin="live",
        payload={"to": [f"+86{canaries.PHONE}"], "text": f"亲爱的 {canaries.NAME} 您好", "n": 7},
    )
    create_job(brand_id=brand.pk, kind="import", subject=f"{canaries.NICK} {canaries.EMAIL}")
    (home / "log").mkdir()
    (home / "log" / "worker.log").write_text(f"error: {canaries.PHONE} {canaries.EMAIL} refused\n")
    refresh(brand.pk)
    member = Identity.objects.get(value=canaries.NICK.lower()).member
    archive = export_member(
        brand_id=brand.pk, member_id=member.pk, reason="本人要求", requested_by_id=None, now=NOW
    )
    exports_folder(brand.pk).mkdir(parents=True)
    (exports_folder(brand.pk) / "member.zip").write_bytes(archive)
    return member


def take_in(shop: Shop, desk: Path, name: str, rows: str, mapping: dict[str, Any]) -> Batch:
    """Import ``rows`` to the end."""
    return run_batch(accept(shop, desk, name, rows, mapping).pk)


def accept(shop: Shop, desk: Path, name: str, rows: str, mapping: dict[str, Any]) -> Batch:
    """Accept ``rows`` as a file, to be imported."""
    path = desk / name
    path.write_text(rows)
    return create_batch(shop=shop, path=path, file_name=name, mapping=mapping)


def erase(member: Member) -> PrivacyRequest:
    """Erase the member from beginning to end."""
    request = request_erasure(
        brand_id=member.brand_id,
        member_id=member.pk,
        reason="本人要求",
        requested_by_id=None,
        now=NOW,
    )
    return run_erasure(request.pk, now=NOW)


def receivers_in_lake(brand: Brand) -> dict[str, int | None]:
    """What the lake says of the receiver of each order, by the order's number."""
    numbers = dict(Order.objects.values_list("id", "order_no"))
    with engine.session(store.absolute(brand.pk, store.files_of(brand.pk))) as lake:
        rows = lake.execute("SELECT order_id, receiver FROM order_fact").fetchall()
    return {numbers[order]: receiver for order, receiver in rows}


def test_the_search_sees_the_canaries_it_is_to_miss_later(member: Member, home: Path) -> None:
    # then every table and folder that can hold a person holds this one
    assert {hit.split(":")[0] for hit in found_in_tables()} == {
        "commerce_order",
        "commerce_refund",
        "commerce_review",
        "eventlog_beforeimage",
        "eventlog_event",
        "ingest_batch",
        "ingest_quarantinedrow",
        "jobs_job",
        "members_identity",
        "members_member",
    }
    held = {Path(hit.split(":")[0]).parts[0] for hit in found_in_files(home)}
    assert held == {"exports", "log", "uploads"}


def test_contacts_of_files_lie_sealed_but_for_short_lived_copies(
    member: Member, brand: Brand
) -> None:
    # then refused rows hold them, and the news and the job that the fixture wrote itself
    assert {hit.split(":")[0] for hit in found_in_tables(CONTACTS)} == {
        "eventlog_event",
        "ingest_quarantinedrow",
        "jobs_job",
    }
    # and they are there to be opened and found
    assert (member.phone, member.email) == (canaries.SECOND_PHONE, "Canary.Bird@example.com")
    assert Order.objects.get(order_no="C100001").receiver_phone == canaries.PHONE
    assert search(brand.pk, canaries.PHONE, 10) == [member.pk]


def test_after_erasure_no_canary_is_found_and_the_sums_stay(
    brand: Brand, member: Member, home: Path
) -> None:
    # given
    before = sums(brand.pk)
    kpis = queries.kpis(Scope(brand.pk), **JUNE)
    effect = preview_erasure(brand_id=brand.pk, member_id=member.pk)
    public_id = [str(member.public_id)]
    assert any(hit.startswith("lake/") for hit in found_in_files(home, public_id))

    # when
    request = erase(member)

    # then
    assert (request.state, request.problem, request.sought) == (RequestState.DONE, "", None)
    assert request.effect == effect.steps
    assert found_in_tables() == []
    assert found_in_files(home) == []
    assert found_in_files(home, public_id) == []
    assert sums(brand.pk) == before
    assert queries.kpis(Scope(brand.pk), **JUNE) == kpis


def test_nobody_else_loses_anything(brand: Brand, member: Member) -> None:
    # when
    erase(member)

    # then
    other = Identity.objects.get(value="bystander88", owns=True).member
    assert (other.name, other.phone, other.email) == ("路人甲", "18600000001", "by@example.com")
    refused = {row.row_no: row.original for row in QuarantinedRow.objects.all()}
    assert (refused[3], refused[5][0]) == ([], "B200002")
    orders = {
        number: (receiver, phone, remark)
        for number, receiver, phone, remark in Order.objects.values_list(
            "order_no", "receiver", "receiver_phone", "remark"
        )
    }
    assert orders["B200001"] == ("路人甲", "18600000001", "谢谢")
    assert orders["B200003"][:2] == (None, None)  # the parcel went to the canary
    table = io.StringIO()
    write_quarantine(Batch.objects.get(file_name="orders.csv"), table)
    assert "B200002" in table.getvalue()


def test_the_same_files_again_bring_sums_but_no_canary(
    brand: Brand, shop: Shop, member: Member, home: Path, desk: Path
) -> None:
    # given
    before = sums(brand.pk)
    erase(member)

    # when
    batches = [take_in(shop, desk, *file) for file in FILES if canaries.NAME not in file[0]]
    refresh(brand.pk)

    # then
    assert found_in_tables() == []
    assert found_in_files(home) == []
    after = sums(brand.pk)
    doubled = [(code, 2 * rows) for code, rows in before.pop("quarantined")]
    assert after.pop("quarantined") == doubled
    assert after == before
    for batch in batches:
        parts = batch.stored + batch.updated + batch.unchanged + batch.quarantined
        assert (batch.rows, batch.stored) == (parts, 0), batch.file_name
        assert batch.warnings["ERASED_PERSON"] >= 1
    assert [b.file_name for b in batches if b.quarantined] == ["orders.csv"]


def test_an_import_undone_afterwards_brings_nothing_back(member: Member) -> None:
    # given the customer file that changed the canary's phone
    assert BeforeImage.objects.filter(table_name="members_member", row_id=member.pk).exists()
    changing = Batch.objects.order_by("id")[2]
    erase(member)

    # when
    undo_batch(changing.pk)

    # then
    assert found_in_tables() == []


def test_an_unfinished_import_keeps_the_erasure_waiting(
    brand: Brand, shop: Shop, member: Member, home: Path, desk: Path
) -> None:
    # given a file of the canary that was accepted and not yet imported
    rows = canaries.ORDER_ROWS.replace("C10000", "C90000")
    late = accept(shop, desk, "late.csv", rows, canaries.ORDERS)

    # when
    waiting = erase(member)

    # then it says for what it waits, and remembers the person already
    assert (waiting.state, waiting.steps_done) == (RequestState.WAITING, ["receivers", "records"])
    assert f"#{late.pk}" in waiting.problem
    assert Tombstone.objects.filter(brand=brand).exists()

    # when the import is finished
    run_batch(late.pk)
    done = run_erasure(waiting.pk, now=NOW)

    # then
    assert done.state == RequestState.DONE
    assert found_in_tables() == []
    assert found_in_files(home) == []


def test_the_lake_no_longer_tells_whom_orders_were_sent_to(brand: Brand, member: Member) -> None:
    # given two orders of theirs, one of somebody else's to them, one to somebody else
    receivers = list(receivers_in_lake(brand).values())
    assert sorted(map(receivers.count, set(receivers))) == [1, 3]

    # when
    erase(member)

    # then
    assert [number for number, said in receivers_in_lake(brand).items() if said] == ["B200001"]


def test_a_file_that_waits_for_its_columns_goes_too(brand: Brand, member: Member) -> None:
    assert len(pending_files(brand.pk)) == 1
    erase(member)
    assert pending_files(brand.pk) == []


def test_an_erasure_cut_short_goes_on_where_it_stopped(member: Member, home: Path) -> None:
    # given a step that dies on its first run
    lake = next(step for step in steps() if step.name == "lake")

    def dies(subject: Subject, now: datetime) -> None:
        raise OSError("disk full")

    register_step(replace(lake, run=dies))
    with pytest.raises(OSError, match="disk full"):
        erase(member)
    request = PrivacyRequest.objects.get(kind="erase")
    assert request.steps_done == ["receivers", "records", "files", "exports"]

    # when
    register_step(lake)
    assert unfinished_erasures() == [request.pk]
    done = run_erasure(request.pk, now=NOW)

    # then
    assert (done.state, unfinished_erasures()) == (RequestState.DONE, [])
    assert found_in_tables() == []
    assert found_in_files(home) == []
