"""The imports page and the page of one import."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.commerce.models import Order
from huitou.ingest import uploads
from huitou.ingest.models import Batch, BatchState
from huitou.ingest.services import run_batch, undo_batch_as_job
from huitou.ingest.views import batches
from huitou.jobs.models import Job
from tests.factories import make_brand, make_shop, make_staff
from tests.ingest.pages import damaged, imported, text_of, upload

JD = "jd_orders.csv"
TAOBAO = "taobao_ExportOrderList_2018.csv"


@pytest.fixture
def signed_in(client: Client, home: Path, staff: Staff) -> Client:
    """An operator reading English."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


def test_an_empty_list_says_what_to_do(signed_in: Client, shop: Shop) -> None:
    page = text_of(signed_in.get("/imports/").content)

    assert "Nothing imported yet" in page
    assert "up to 2 GB" in page


def test_an_upload_is_queued_and_its_counts_add_up(
    signed_in: Client, shop: Shop, samples: Path
) -> None:
    # when
    answer = upload(signed_in, shop, (TAOBAO, (samples / TAOBAO).read_bytes()))

    # then
    batch = Batch.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, "/imports/")
    assert (batch.state, batch.format, batch.created_by) == (
        BatchState.QUEUED,
        "taobao_orders",
        Staff.objects.get(),
    )
    assert 'hx-trigger="every 1s"' in signed_in.get(f"/imports/{batch.pk}/row/").content.decode()

    # when
    run_batch(batch.pk)

    # then
    row = signed_in.get(f"/imports/{batch.pk}/row/").content
    assert b"hx-trigger" not in row
    assert "Done 5 5 0 0 0 ¥320.00" in text_of(row)
    page = text_of(signed_in.get("/imports/").content)
    assert "淘宝" not in page
    assert "Done 5 5 0 0 0 ¥320.00" in page


def test_several_files_go_in_at_once_and_a_bad_one_is_named(
    signed_in: Client, shop: Shop, samples: Path
) -> None:
    # when
    answer = upload(
        signed_in,
        shop,
        (TAOBAO, (samples / TAOBAO).read_bytes()),
        ("page.csv", b"<!doctype html><table></table>"),
    )

    # then
    page = text_of(answer.content)
    assert answer.status_code == 422
    assert "page.csv was refused; nothing of it was stored." in page
    assert list(Batch.objects.values_list("file_name", flat=True)) == [TAOBAO]


def test_the_same_file_twice_changes_nothing(signed_in: Client, shop: Shop, samples: Path) -> None:
    # given
    content = (samples / TAOBAO).read_bytes()
    for _ in range(2):
        upload(signed_in, shop, (TAOBAO, content))
        run_batch(Batch.objects.latest("pk").pk)

    # when
    last = Batch.objects.latest("pk")
    page = text_of(signed_in.get(f"/imports/{last.pk}/").content)

    # then
    assert "Rows 5 = Stored 0 + Updated 0 + Unchanged 5 + Quarantined 0" in page


def test_a_page_tells_what_the_import_did(
    signed_in: Client, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    batch = imported(shop, tmp_path, damaged(samples))

    # when
    page = text_of(signed_in.get(f"/imports/{batch.pk}/").content)

    # then
    assert "Rows 5 = Stored 4 + Updated 0 + Unchanged 0 + Quarantined 1 1 still to correct" in page
    assert "Orders 4" in page
    assert "订单编号 Order number" in page
    assert "是否代付 not read" in page


def test_undo_takes_everything_back(
    signed_in: Client, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    batch = imported(shop, tmp_path, (samples / TAOBAO).read_bytes())
    assert Order.objects.count() == 5

    # when
    page = text_of(signed_in.post(f"/imports/{batch.pk}/undo/", follow=True).content)

    # then
    assert Order.objects.count() == 0
    assert "The import was undone" in page
    assert "already undone" in text_of(
        signed_in.post(f"/imports/{batch.pk}/undo/", follow=True).content
    )


def test_undo_is_refused_while_later_imports_build_on_it(
    signed_in: Client, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    content = (samples / TAOBAO).read_bytes()
    first = imported(shop, tmp_path, content)
    changed = content.replace("交易成功".encode("gb18030"), "交易关闭".encode("gb18030"))
    second = imported(shop, tmp_path, changed, "later.csv")
    assert second.updated > 0

    # when
    page = text_of(signed_in.post(f"/imports/{first.pk}/undo/", follow=True).content)

    # then
    assert f"Later imports build on this one; undo them first: #{second.pk}" in page
    assert Order.objects.count() == 5


def test_a_failed_import_goes_on(
    signed_in: Client, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    # given
    batch = imported(shop, tmp_path, (samples / TAOBAO).read_bytes())
    Batch.objects.filter(pk=batch.pk).update(state=BatchState.FAILED, error="the disk was full")
    assert "the disk was full" in text_of(signed_in.get(f"/imports/{batch.pk}/").content)

    # when
    signed_in.post(f"/imports/{batch.pk}/retry/")

    # then
    assert run_batch(batch.pk).state == BatchState.DONE


def test_too_large_an_upload_is_refused_unread(
    signed_in: Client, monkeypatch: pytest.MonkeyPatch, shop: Shop
) -> None:
    monkeypatch.setattr("huitou.ingest.views.batches.UPLOAD_BYTES_MAX", 100)

    answer = upload(signed_in, shop, ("orders.csv", b"a" * 200))

    assert answer.status_code == 413
    assert not Batch.objects.exists()
    assert uploads.UPLOAD_BYTES_MAX == 2 * 1024**3


def test_the_form_is_protected(client: Client, home: Path, staff: Staff, shop: Shop) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff)

    assert upload(strict, shop, ("orders.csv", b"a,b\n1,2\n")).status_code == 403


def test_a_shop_of_another_brand_is_no_choice(signed_in: Client, samples: Path) -> None:
    other = make_shop()

    answer = upload(signed_in, other, (TAOBAO, (samples / TAOBAO).read_bytes()))

    assert answer.status_code == 422
    assert not Batch.objects.exists()


def test_another_brands_import_does_not_exist(
    signed_in: Client, samples: Path, tmp_path: Path
) -> None:
    batch = imported(make_shop(make_brand()), tmp_path, (samples / TAOBAO).read_bytes())
    pages = ("", "row/", "quarantine/", "quarantine/rows.csv", "quarantine/1/")

    assert {signed_in.get(f"/imports/{batch.pk}/{page}").status_code for page in pages} == {404}
    assert signed_in.post(f"/imports/{batch.pk}/undo/").status_code == 404
    assert Order.objects.count() == 5


@pytest.mark.parametrize("role", [Role.ANALYST, Role.AGENT, Role.FINANCE])
def test_some_roles_may_not_import(client: Client, home: Path, brand: Brand, role: Role) -> None:
    client.force_login(make_staff(brand, role=role))

    assert client.get("/imports/").status_code == 403
    assert client.post("/imports/").status_code == 403
    assert client.get("/quarantine/").status_code == 403


def test_the_pages_are_in_chinese(
    signed_in: Client, shop: Shop, samples: Path, tmp_path: Path
) -> None:
    signed_in.cookies["django_language"] = "zh-hans"
    batch = imported(shop, tmp_path, damaged(samples))

    page = text_of(signed_in.get(f"/imports/{batch.pk}/").content)

    assert "行数 5 = 新增 4 + 更新 0 + 未变 0 + 隔离 1" in page
    assert "淘宝" in page


def test_a_large_import_is_undone_by_the_worker(
    signed_in: Client, shop: Shop, samples: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given an import larger than a person would wait for
    monkeypatch.setattr(batches, "UNDO_ROWS_AT_ONCE", 4)
    batch = imported(shop, tmp_path, (samples / TAOBAO).read_bytes())

    # when
    signed_in.post(f"/imports/{batch.pk}/undo/")

    # then it is queued with a job to follow
    assert Order.objects.count() == 5
    job = Job.objects.get(kind="undo")
    assert (job.state, job.subject) == ("queued", batch.file_name)

    # when the worker takes it
    undo_batch_as_job(batch.pk, job_id=job.pk)

    # then
    job.refresh_from_db()
    assert Order.objects.count() == 0
    assert (job.state, job.result_url) == ("done", f"/imports/{batch.pk}/")
