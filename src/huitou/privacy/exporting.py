"""Everything known about one person as one ZIP: JSON, a CSV a table, and a sheet that explains it.

What is in it follows from the map: each owned or searched table. Rooms that compute something
about people add it with ``register_exporter``.
"""

from __future__ import annotations

import csv
import io
import json
import os
import secrets
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.privacy.models import PrivacyRequest, RequestKind, RequestState
from huitou.privacy.records import owned_rows
from huitou.privacy.steps import exports_folder
from huitou.privacy.subjects import Subject, reasoned, subject_of
from huitou.vault.personal import tables

Rows = list[dict[str, Any]]
# Spreadsheets run a cell that begins so as a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_BOM = "\ufeff"

_EXPORTERS: dict[str, tuple[tuple[str, str], Callable[[Subject], Rows]]] = {}


def register_exporter(name: str, about: tuple[str, str], rows: Callable[[Subject], Rows]) -> None:
    """Add rows that are in no declared table; ``about`` says what they are, in both languages."""
    _EXPORTERS[name] = (about, rows)


@transaction.atomic
def export_member(
    *, brand_id: int, member_id: int, reason: str, requested_by_id: int | None, now: datetime
) -> bytes:
    """The ZIP; the export goes on record.

    It holds what belongs to the person, not parcels that others sent them. Raises
    ``RefusedInputError``: ``NO_MEMBER``, ``NO_REASON``.
    """
    why = reasoned(reason)
    subject = subject_of(brand_id, member_id)
    parts = _parts(subject)
    PrivacyRequest.objects.create(
        brand_id=brand_id,
        kind=RequestKind.EXPORT,
        state=RequestState.DONE,
        member_id=member_id,
        accounts=list(subject.accounts),
        reason=why,
        effect={"export": {name: len(rows) for name, _, rows in parts}},
        requested_by_id=requested_by_id,
        created_at=now,
        finished_at=now,
    )
    return _zipped(Brand.objects.get(pk=brand_id), parts, now)


def _parts(subject: Subject) -> list[tuple[str, tuple[str, str], Rows]]:
    found = [(t.table, t.about, owned_rows(t, subject)) for t in tables().values()]
    found += [(name, about, rows(subject)) for name, (about, rows) in _EXPORTERS.items()]
    return [part for part in found if part[2]]


def _zipped(brand: Brand, parts: list[tuple[str, tuple[str, str], Rows]], now: datetime) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("README.txt", _BOM + _cover(brand, parts, now))
        content = {name: rows for name, _, rows in parts}
        archive.writestr(
            "data.json", json.dumps(content, ensure_ascii=False, indent=1, default=str)
        )
        for name, _, rows in parts:
            archive.writestr(f"{name}.csv", _BOM + _csv(rows))
    return target.getvalue()


def _cover(brand: Brand, parts: list[tuple[str, tuple[str, str], Rows]], now: datetime) -> str:
    day = now.date().isoformat()
    lines = [
        f"个人信息副本 · {brand.name} · {day}",
        "本压缩包包含我们保存的与您有关的全部个人信息。",
        "data.json 供程序读取；各 CSV 为相同内容的表格。金额单位为货币最小单位（分）。",
        "",
        f"Copy of personal data · {brand.name} · {day}",
        "This archive holds all personal data we keep about you.",
        "data.json is for programs; each CSV is the same as a table. Amounts are in minor units.",
        "",
        *(f"{name}.csv\t{zh} / {en}\t{len(rows)}" for name, (en, zh), rows in parts),
    ]
    return "\r\n".join(lines) + "\r\n"


def _csv(rows: Rows) -> str:
    text = io.StringIO(newline="")
    headings = list(dict.fromkeys(name for row in rows for name in row))
    writer = csv.writer(text)
    writer.writerow(headings)
    for row in rows:
        writer.writerow([_cell(row.get(name)) for name in headings])
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return f"'{value}"
    return value


def write_export(archive: bytes, *, brand_id: int, output: Path | None) -> Path:
    """Write the ZIP so that only its owner reads it; by default into the exports folder.

    There it goes with the next erasure, or after ``retention.EXPORT_DAYS``. Raises
    ``RefusedInputError``: ``FILE_EXISTS``.
    """
    folder = exports_folder(brand_id)
    if output is None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = output or folder / f"personal-data-{secrets.token_hex(6)}.zip"
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise RefusedInputError("FILE_EXISTS", f"{path} exists; name another file.") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(archive)
    return path
