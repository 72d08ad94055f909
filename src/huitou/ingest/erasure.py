"""The files ingest keeps, as an erasure's step: those that hold the person are removed.

A finished import needs its file no more; its rows are recorded or quarantined. A file that waits
for its columns is removed as well, for it can be uploaded again. An import under way keeps the
erasure waiting.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from huitou.ingest.files import OPEN_STATES, remove_files, stored_path
from huitou.ingest.models import Batch
from huitou.ingest.reading import Source, open_source
from huitou.ingest.services import format_of
from huitou.ingest.uploads import Pending, pending_files
from huitou.kernel.errors import RefusedInputError
from huitou.privacy.retention import register_file_retention
from huitou.privacy.sought import Sought
from huitou.privacy.steps import ErasureWaitsError, Step, register_step
from huitou.privacy.subjects import Subject

# After this long nobody looks at the file of a finished import any more.
UPLOAD_DAYS = 90


def register_steps() -> None:
    """Add the files to every erasure and to what is kept no longer than needed."""
    register_file_retention(
        "uploads", ("Uploaded files", "上传的文件"), UPLOAD_DAYS, remove_old_uploads
    )
    register_step(
        Step("files", 20, ("Uploaded files to look through", "待检索的上传文件"), _count, _remove)
    )


def remove_old_uploads(now: datetime) -> int:
    """Remove the files of imports begun more than ``UPLOAD_DAYS`` ago and finished; how many."""
    begun = Batch.objects.filter(created_at__lt=now - timedelta(days=UPLOAD_DAYS))
    return remove_files(list(begun.exclude(state__in=OPEN_STATES)))


def _count(subject: Subject) -> Mapping[str, int]:
    """Every file: only reading them all tells which hold the person, and that takes too long."""
    names = Batch.objects.filter(brand_id=subject.brand_id).values_list("file_path", flat=True)
    kept = [n for n in names.distinct() if (Path(settings.UPLOADS_ROOT) / n).exists()]
    return {"uploads": len(kept) + len(pending_files(subject.brand_id))}


def _remove(subject: Subject, now: datetime) -> None:
    batches, waiting = _with_person(subject)
    under_way = [batch for batch in batches if batch.state in OPEN_STATES]
    if under_way:
        numbers = ", ".join(f"#{batch.pk}" for batch in under_way)
        raise ErasureWaitsError(
            "IMPORT_UNDER_WAY",
            f"import {numbers} of a file with this person is not finished: let it finish, or "
            "continue or undo it",
        )
    remove_files(batches)
    for pending in waiting:
        shutil.rmtree(pending.path.parent, ignore_errors=True)


def _with_person(subject: Subject) -> tuple[list[Batch], list[Pending]]:
    held: dict[Path, bool] = {}
    batches = []
    for batch in Batch.objects.filter(brand_id=subject.brand_id).select_related("shop"):
        path = stored_path(batch)
        if path not in held:
            held[path] = path.exists() and _holds(path, batch, subject.sought)
        if held[path]:
            batches.append(batch)
    waiting = [
        pending
        for pending in pending_files(subject.brand_id)
        if _holds(pending.path, None, subject.sought) or subject.sought.is_in(pending.file_name)
    ]
    return batches, waiting


def _holds(path: Path, batch: Batch | None, sought: Sought) -> bool:
    """Whether any row of the file is about the person; a file nobody can read any more counts."""
    try:
        if batch is None:
            source = open_source(path)
        else:
            format_ = format_of(batch)
            source = open_source(path, header_row=format_.header_row, encoding=format_.encoding)
        return any(sought.is_in(text) for text in _texts(source))
    except RefusedInputError:
        return True


def _texts(source: Source) -> Iterator[str]:
    """Every row of the file as one text, those above the header included."""
    for row in source.head:
        yield "\x1f".join(row)
    # All columns: what is kept of a row beside them may leave the unread ones out.
    wanted = range(len(source.header))
    for raw in source.raw_rows(list(wanted)):
        columns = [raw.table[str(at)].to_pylist() for at in wanted]
        for cells in zip(*columns, strict=True):
            yield "\x1f".join(cell or "" for cell in cells)
        for reject in raw.rejects:
            yield "\x1f".join(reject.original)
