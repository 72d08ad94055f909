"""What tests of the import pages share: files, uploads, and words of a page."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from huitou.brands.models import Shop
from huitou.ingest.models import Batch
from huitou.ingest.services import create_batch, run_batch

OWN_FILE = """单据号,日期,会员卡号,品名,数量,单价,状态
A1,2026-01-02,V1,茶杯,2,19.90,已完成
A1,2026-01-02,V1,茶壶,1,99.00,已完成
A2,2026-01-03,V2,茶盘,1,12x,已完成
"""
# The mapping form's answer for OWN_FILE.
OWN_CHOICES = {
    "kind": "orders",
    "grain": "line",
    "column.0": "order_no",
    "column.1": "ordered_at",
    "column.2": "customer_id",
    "column.3": "product_title",
    "column.4": "line_quantity",
    "column.5": "unit_price",
    "column.6": "status",
}


def text_of(content: bytes) -> str:
    """The page's words without its marks."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


def upload(client: Client, shop: Shop, *files: tuple[str, bytes], format_name: str = "auto") -> Any:
    """Post ``files`` (name, content) to the imports page."""
    posted = [SimpleUploadedFile(name, content) for name, content in files]
    return client.post("/imports/", {"shop": shop.pk, "format": format_name, "uploads": posted})


def damaged(samples: Path) -> bytes:
    """The Taobao order list of 2018 with an impossible date in its first row."""
    text = (samples / "taobao_ExportOrderList_2018.csv").read_bytes().decode("gb18030")
    return re.sub(r"2018-\d\d-\d\d", "2018-02-31", text, count=1).encode("gb18030")


def imported(shop: Shop, folder: Path, content: bytes, name: str = "orders.csv") -> Batch:
    """A finished import of ``content``."""
    path = folder / name
    path.write_bytes(content)
    return run_batch(create_batch(shop=shop, path=path, file_name=name).pk)
