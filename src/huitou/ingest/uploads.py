"""Files on their way in: accepted and queued, or kept until somebody names their columns."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from huitou.brands.models import Shop
from huitou.ingest.models import Batch, BatchState, SavedMapping
from huitou.ingest.reading import open_source
from huitou.ingest.reading.formats import header_key
from huitou.ingest.services import create_batch
from huitou.ingest.tasks import import_batch
from huitou.kernel.errors import RefusedInputError

# The largest request an upload may be; a million rows of the widest export are about 0.6 GB.
UPLOAD_BYTES_MAX = 2 * 1024**3
# A file that waits for its mapping is forgotten after this long.
PENDING_DAYS_MAX = 7
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_ABOUT = "about.json"


@dataclass(frozen=True)
class Pending:
    """A file that waits for a mapping."""

    token: str
    brand_id: int
    shop_id: int
    file_name: str
    path: Path


def take_in(
    *, shop: Shop, path: Path, file_name: str, format_name: str, created_by_id: int | None
) -> Batch | Pending:
    """Accept an uploaded file and queue its import.

    A file whose headers match no known format is read by the mapping remembered for these headers;
    without one it is kept, to be mapped. Raises ``RefusedInputError`` with nothing stored.
    """
    try:
        batch = create_batch(
            shop=shop,
            path=path,
            file_name=file_name,
            format_name=format_name,
            created_by_id=created_by_id,
        )
    except RefusedInputError as error:
        if error.code != "UNKNOWN_FORMAT" or format_name != "auto":
            raise
        header = open_source(path).header
        saved = SavedMapping.objects.filter(
            brand_id=shop.brand_id, header_digest=header_digest(header)
        ).first()
        if saved is None:
            return _keep(shop, path, file_name)
        batch = create_batch(
            shop=shop,
            path=path,
            file_name=file_name,
            mapping=saved.mapping,
            created_by_id=created_by_id,
        )
    queue(batch)
    return batch


def take_mapped(
    pending: Pending, shop: Shop, mapping: Mapping[str, Any], *, created_by_id: int | None
) -> Batch:
    """Import a waiting file by ``mapping`` and remember the mapping for the same headers.

    Raises ``RefusedInputError`` with nothing stored.
    """
    header = open_source(pending.path).header
    with transaction.atomic():
        batch = create_batch(
            shop=shop,
            path=pending.path,
            file_name=pending.file_name,
            mapping=mapping,
            created_by_id=created_by_id,
        )
        SavedMapping.objects.update_or_create(
            brand_id=pending.brand_id,
            header_digest=header_digest(header),
            defaults={"name": pending.file_name[-120:], "mapping": dict(mapping)},
        )
    queue(batch)
    shutil.rmtree(pending.path.parent, ignore_errors=True)
    return batch


def queue(batch: Batch) -> None:
    """Let the worker run ``batch``; a failed one goes on where it stopped."""
    Batch.objects.filter(pk=batch.pk, state=BatchState.FAILED).update(
        state=BatchState.QUEUED, error=""
    )
    import_batch.defer(batch_id=batch.pk)


def pending_file(brand_id: int, token: str) -> Pending | None:
    """The waiting file of ``token``; None when the brand has none such."""
    if not _TOKEN.fullmatch(token):
        return None
    found = _read(_pending_root() / token)
    return found if found is not None and found.brand_id == brand_id else None


def pending_files(brand_id: int) -> list[Pending]:
    """The brand's files that wait for a mapping, newest first."""
    folders = _pending_root().glob("*/")
    newest = sorted(folders, key=lambda folder: folder.stat().st_mtime, reverse=True)
    return [p for p in map(_read, newest) if p is not None and p.brand_id == brand_id]


def header_digest(header: Sequence[str]) -> str:
    """The name under which a mapping is remembered: the set of headers, however ordered.

    >>> header_digest(["Order", "Paid"]) == header_digest([" paid ", "order"])
    True
    """
    names = "\x1f".join(sorted(header_key(name) for name in header))
    return hashlib.sha256(names.encode()).hexdigest()


def _pending_root() -> Path:
    return Path(settings.UPLOADS_ROOT) / "pending"


def _keep(shop: Shop, path: Path, file_name: str) -> Pending:
    _forget_old()
    token = secrets.token_urlsafe(16)
    folder = _pending_root() / token
    folder.mkdir(mode=0o700, parents=True)
    # The suffix helps to tell what the file is; the rest of the name is only shown.
    kept = folder / f"file{path.suffix.lower()}"
    shutil.copyfile(path, kept)
    about = {
        "brand": shop.brand_id,
        "shop": shop.pk,
        "file_name": file_name[-255:],
        "file": kept.name,
    }
    (folder / _ABOUT).write_text(json.dumps(about, ensure_ascii=False))
    return Pending(token, shop.brand_id, shop.pk, file_name[-255:], kept)


def _read(folder: Path) -> Pending | None:
    try:
        about = json.loads((folder / _ABOUT).read_text())
    except FileNotFoundError:
        return None
    return Pending(
        folder.name, about["brand"], about["shop"], about["file_name"], folder / about["file"]
    )


def _forget_old() -> None:
    oldest = time.time() - PENDING_DAYS_MAX * 24 * 3600
    for folder in _pending_root().glob("*/"):
        if folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)
