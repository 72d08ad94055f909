"""Refused rows on their page: grouped, downloaded, corrected, brought back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from huitou.brands.models import Shop, Staff
from huitou.commerce.models import Order
from huitou.ingest.models import Batch, QuarantinedRow
from tests.ingest.pages import damaged, imported, text_of


@pytest.fixture
def signed_in(client: Client, home: Path, staff: Staff) -> Client:
    """An operator reading English."""
    client.force_login(staff)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def batch(home: Path, shop: Shop, samples: Path, tmp_path: Path) -> Batch:
    """An import of five rows of which the first was refused."""
    return imported(shop, tmp_path, damaged(samples))


def corrected(batch: Batch) -> dict[str, str]:
    """The row's form with the date put right."""
    (row,) = QuarantinedRow.objects.filter(batch=batch)
    at = batch.header.index(row.column)
    cells = [*row.original]
    cells[at] = cells[at].replace("2018-02-31", "2018-03-01")
    return {f"cell.{n}": cell for n, cell in enumerate(cells)}


def test_a_refused_row_is_shown_with_reason_and_original(signed_in: Client, batch: Batch) -> None:
    page = signed_in.get(f"/imports/{batch.pk}/quarantine/").content

    words = text_of(page)
    assert "1 rows to correct, 0 brought back" in words
    assert "订单创建时间 2018-02-31" in words
    assert "The date cannot be read or does not exist. Check it." in words
    assert "BAD_DATE" in words
    assert "line 2" in words
    assert "知夏小站" in words


def test_all_imports_share_a_list(signed_in: Client, batch: Batch) -> None:
    assert "1 rows of all imports" in text_of(signed_in.get("/quarantine/").content)
    assert "Refused rows" in text_of(signed_in.get("/quarantine/?code=BAD_DATE").content)


def test_the_list_is_filtered_by_reason(signed_in: Client, batch: Batch) -> None:
    # given
    QuarantinedRow.objects.create(
        batch=batch, row_no=77, line_no=78, code="BAD_AMOUNT", column="x", original=["12x"]
    )
    address = f"/imports/{batch.pk}/quarantine/?code=BAD_AMOUNT"

    # when
    part = signed_in.get(address, headers={"HX-Request": "true"}).content.decode()

    # then
    assert part.startswith('<div id="quarantine"')
    assert f'id="row-{batch.pk}-77"' in part
    assert f'id="row-{batch.pk}-1"' not in part


def test_the_download_can_be_corrected_and_uploaded(signed_in: Client, batch: Batch) -> None:
    # given
    answer = signed_in.get(f"/imports/{batch.pk}/quarantine/rows.csv")
    content = b"".join(answer.streaming_content)
    rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))
    assert content.startswith(b"\xef\xbb\xbf")
    assert rows[0][:4] == ["_row", "_code", "_reason", "订单编号"]
    assert rows[1][:2] == ["1", "BAD_DATE"]

    # when
    file = SimpleUploadedFile(
        "corrected.csv", content.replace(b"2018-02-31", b"2018-03-01"), content_type="text/csv"
    )
    page = signed_in.post(f"/imports/{batch.pk}/quarantine/upload/", {"file": file}, follow=True)

    # then
    assert "1 of 1 corrected rows were accepted." in text_of(page.content)
    assert "Nothing is waiting here" in text_of(page.content)
    assert Order.objects.count() == 5


def test_a_foreign_table_is_refused(signed_in: Client, batch: Batch) -> None:
    file = SimpleUploadedFile("other.csv", b"a,b\n1,2\n")

    page = signed_in.post(f"/imports/{batch.pk}/quarantine/upload/", {"file": file}, follow=True)

    assert "This is not the table downloaded from this quarantine." in text_of(page.content)
    assert Order.objects.count() == 4


def test_a_row_is_corrected_in_place(signed_in: Client, batch: Batch) -> None:
    # when
    address = f"/imports/{batch.pk}/quarantine/1/"
    form = signed_in.get(address, headers={"HX-Request": "true"}).content.decode()
    page = signed_in.post(address, corrected(batch), follow=True)

    # then
    assert form.startswith('<form method="post"')
    assert "Row 1 was accepted." in text_of(page.content)
    assert "0 rows to correct, 1 brought back" in text_of(page.content)
    assert Order.objects.count() == 5
    assert signed_in.get(address).status_code == 404


def test_a_row_that_is_still_wrong_says_why_and_keeps_the_typing(
    signed_in: Client, batch: Batch
) -> None:
    # given
    form = corrected(batch)
    typed = {name: cell.replace("2018-03-01", "2018-04-31") for name, cell in form.items()}

    # when
    answer = signed_in.post(f"/imports/{batch.pk}/quarantine/1/", typed)

    # then
    assert answer.status_code == 422
    assert "Still refused. 订单创建时间 2018-04-31" in text_of(answer.content)
    assert 'value="2018-04-31' in answer.content.decode()
    assert QuarantinedRow.objects.filter(batch=batch, resolved_by=None).count() == 1
    assert "1 rows of all imports" in text_of(signed_in.get("/quarantine/").content)


def test_reasons_are_explained_in_chinese(signed_in: Client, batch: Batch) -> None:
    signed_in.cookies["django_language"] = "zh-hans"

    page = text_of(signed_in.get(f"/imports/{batch.pk}/quarantine/").content)

    assert "日期无法识别或不存在。请核对。" in page
    assert "文件第 2 行" in page
