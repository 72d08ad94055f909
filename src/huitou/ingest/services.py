"""Imports from the file to the last committed row.

``create_batch`` refuses or accepts a file, ``run_batch`` consumes it in chunks, each in one
transaction together with its counts and position, so that a killed import goes on where it
stopped and never counts a row twice. ``undo_batch`` takes a batch back.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from huitou.brands.models import Brand, Shop
from huitou.commerce import services as commerce
from huitou.ingest.chunks import prefetched, record_chunk
from huitou.ingest.files import remove_files, stored_path
from huitou.ingest.forgetting import ERASED_PERSON
from huitou.ingest.models import Batch, BatchState, QuarantinedRow
from huitou.ingest.quarantine import settle_retry
from huitou.ingest.reading import (
    Format,
    Source,
    detect,
    format_from_mapping,
    format_named,
    open_source,
    read_chunks,
)
from huitou.ingest.records import ReadContext
from huitou.jobs import services as jobs
from huitou.kernel.errors import RefusedInputError
from huitou.members import services as members
from huitou.members.imported_consent import take_back_consents
from huitou.privacy.steps import shut_out_imports

# First key of the advisory lock that keeps a batch to one process.
_BATCH_LOCK = 74_003
# The server notices a killed client, and frees its lock, within moments.
_LOCK_WAIT_SECONDS = 5
_CUSTOMER_CHUNK_ROWS = 200_000
# Predicates that keep a member alive when a batch that created it is undone.
_MEMBERS_IN_USE = (
    "select 1 from commerce_order o where o.member_id = m.id",
    "select 1 from commerce_review r where r.member_id = m.id",
    "select 1 from behaviour_behaviourevent b where b.member_id = m.id",
)

Progress = Callable[[int, int | None], None]


def create_batch(
    *,
    shop: Shop,
    path: Path,
    file_name: str,
    format_name: str = "auto",
    mapping: Mapping[str, Any] | None = None,
    created_by_id: int | None = None,
    retries: Batch | None = None,
    retry_rows: Sequence[int] | None = None,
) -> Batch:
    """Accept the file at ``path`` for ``shop``; it is copied, so the caller may delete it.

    An unfinished batch of the same file and shop is returned again, to go on where it stopped.

    Raises ``RefusedInputError`` before any effect: unreadable or unsafe file, unknown format,
    missing key column, wrong mapping.
    """
    before = path.stat()
    source, chosen = open_as(path, format_name=format_name, mapping=mapping)
    if retries is not None:
        chosen = _as_rewritten(chosen)
        source = open_source(path)
    read_chunks(source, chosen, context=read_context(shop.brand, datetime.now(UTC)))
    digest = _sha256(path)
    unfinished = Batch.objects.filter(
        shop=shop,
        file_sha256=digest,
        format=chosen.name,
        retries=retries,
        **({"mapping__isnull": True} if mapping is None else {"mapping": dict(mapping)}),
        state__in=[BatchState.QUEUED, BatchState.RUNNING, BatchState.FAILED],
    ).last()
    if unfinished is not None:
        return unfinished
    relative = Path(str(shop.brand_id)) / f"{digest}{path.suffix.lower()}"
    stored = Path(settings.UPLOADS_ROOT) / relative
    if not stored.exists():
        stored.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = stored.with_suffix(stored.suffix + ".part")
        shutil.copyfile(path, partial)
        _refuse_changed(path, before, partial)
        partial.rename(stored)
    with transaction.atomic():
        job = jobs.create_job(
            brand_id=shop.brand_id, kind="import", subject=file_name, created_by_id=created_by_id
        )
        return Batch.objects.create(
            brand_id=shop.brand_id,
            shop=shop,
            file_name=file_name[-255:],
            file_path=str(relative),
            file_sha256=digest,
            file_bytes=path.stat().st_size,
            format=chosen.name,
            header=source.header,
            mapping=dict(mapping) if mapping is not None else None,
            job=job,
            created_by_id=created_by_id,
            retries=retries,
            retry_rows=list(retry_rows) if retry_rows is not None else None,
        )


def _refuse_changed(path: Path, before: os.stat_result, copy: Path) -> None:
    """Refuses a file that was written to while it was looked at and copied."""
    now = path.stat()
    if (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        copy.unlink()
        raise RefusedInputError("FILE_CHANGED", f"{path.name} is still being written; try later")


def open_as(
    path: Path, *, format_name: str = "auto", mapping: Mapping[str, Any] | None = None
) -> tuple[Source, Format]:
    """The opened file and the format to read it with.

    A mapping may name the encoding and the header's row, so it is read before the file. Raises
    ``RefusedInputError``: ``UNKNOWN_FORMAT`` when the headers match no known format or none is
    called ``format_name``, ``BAD_MAPPING``, and whatever is wrong with the file.
    """
    if mapping is not None:
        chosen = format_from_mapping(mapping)
    elif format_name != "auto":
        chosen = format_named(format_name)
    else:
        source = open_source(path)
        found = detect(source.header)
        if found is None:
            raise RefusedInputError(
                "UNKNOWN_FORMAT",
                "the headers match no known format; name the columns with a mapping: "
                + ", ".join(source.header[:12]),
            )
        return source, found
    source = open_source(path, header_row=chosen.header_row, encoding=chosen.encoding)
    return source, chosen


def run_batch(
    batch_id: int, *, progress: Progress = lambda done, total: None, chunk_rows: int = 20_000
) -> Batch:
    """Consume the batch from its last committed row to the end; a finished one is left alone.

    Raises ``RefusedInputError("BATCH_BUSY")`` while another process works on it.
    """
    with _batch_lock(batch_id):
        batch = Batch.objects.select_related("shop", "brand").get(pk=batch_id)
        if batch.state in (BatchState.DONE, BatchState.UNDONE):
            return batch
        try:
            _consume(batch, progress, chunk_rows)
        except Exception as error:
            now = datetime.now(UTC)
            Batch.objects.filter(pk=batch_id).update(state=BatchState.FAILED, error=str(error))
            if batch.job_id:
                jobs.fail_job(batch.job_id, now=now, message=str(error))
            raise
    return Batch.objects.get(pk=batch_id)


def undo_batch(batch_id: int) -> Batch:
    """Take back everything the batch recorded, exactly.

    Raises ``RefusedInputError``: ``BATCH_BUSY`` while it runs, ``ALREADY_UNDONE``,
    ``LATER_CHANGES`` when newer batches build on its records.
    """
    with _batch_lock(batch_id), transaction.atomic():
        batch = Batch.objects.select_for_update().get(pk=batch_id)
        if batch.state == BatchState.UNDONE:
            raise RefusedInputError("ALREADY_UNDONE", f"import #{batch_id} is already undone")
        _without_timeout()
        # An account that an event finds meanwhile must not be gone once the event is stored.
        shut_out_imports(batch.brand_id)
        commerce.undo(brand_id=batch.brand_id, source_ref=batch_id, now=datetime.now(UTC))
        take_back_consents(brand_id=batch.brand_id, source_ref=batch_id, now=datetime.now(UTC))
        members.undo(
            brand_id=batch.brand_id,
            source_ref=batch_id,
            in_use=_MEMBERS_IN_USE,
            now=datetime.now(UTC),
        )
        QuarantinedRow.objects.filter(resolved_by=batch).update(resolved_by=None)
        batch.state = BatchState.UNDONE
        batch.save(update_fields=["state"])
    return batch


def undo_batch_as_job(batch_id: int, *, job_id: int) -> Batch:
    """Undo with the job telling how it ended; errors are raised again."""
    jobs.start_job(job_id, total=None, now=datetime.now(UTC))
    try:
        batch = undo_batch(batch_id)
    except Exception as error:
        jobs.fail_job(job_id, now=datetime.now(UTC), message=str(error))
        raise
    jobs.finish_job(job_id, now=datetime.now(UTC), result_url=f"/imports/{batch_id}/")
    return batch


def format_of(batch: Batch) -> Format:
    """The format the batch is read with."""
    if batch.mapping is not None:
        found = format_from_mapping(batch.mapping)
    else:
        found = format_named(batch.format)
    return found if batch.retries_id is None else _as_rewritten(found)


def _as_rewritten(format_: Format) -> Format:
    """The format of corrected rows: written by us, with the header first and in UTF-8."""
    return replace(format_, header_row=None, encoding=None)


def read_context(brand: Brand, now: datetime) -> ReadContext:
    """What files of ``brand`` do not say themselves."""
    return ReadContext(time_zone=brand.time_zone, currency=brand.currency, now=now)


def _consume(batch: Batch, progress: Progress, chunk_rows: int) -> None:
    now = datetime.now(UTC)
    format_ = format_of(batch)
    source = open_source(
        stored_path(batch), header_row=format_.header_row, encoding=format_.encoding
    )
    Batch.objects.filter(pk=batch.pk).update(state=BatchState.RUNNING, error="")
    total = _row_estimate(source)
    if batch.job_id:
        jobs.start_job(batch.job_id, total=total, now=now)
    chunks = read_chunks(
        source,
        format_,
        context=read_context(batch.brand, now),
        skip_rows=batch.position,
        # Rows about one member are weighed against each other within a chunk.
        chunk_rows=max(chunk_rows, _CUSTOMER_CHUNK_ROWS)
        if format_.kind == "customers"
        else chunk_rows,
    )
    done = batch.position
    progress(done, total)
    with prefetched(chunks) as ready:
        for chunk in ready:
            with transaction.atomic():
                _without_timeout()
                record_chunk(batch, chunk, now=now)
            done = chunk.first_row - 1 + chunk.rows
            if batch.job_id:
                jobs.advance_job(batch.job_id, done=done)
            progress(done, total)
    finished = datetime.now(UTC)
    with transaction.atomic():
        Batch.objects.filter(pk=batch.pk).update(state=BatchState.DONE, finished_at=finished)
        if batch.retries_id:
            settle_retry(batch)
        if batch.job_id:
            jobs.advance_job(batch.job_id, done=done, total=done)
            jobs.finish_job(batch.job_id, now=finished, result_url=f"/imports/{batch.pk}/")
    _remove_with_erased(batch.pk)
    progress(done, done)


def _remove_with_erased(batch_id: int) -> None:
    """A finished file that brought an erased person along is not kept."""
    batch = Batch.objects.get(pk=batch_id)
    if ERASED_PERSON in batch.warnings:
        remove_files([batch])


def _row_estimate(source: Source) -> int | None:
    """Lines under the header, for the progress bar; None where only reading would tell."""
    if source.kind != "csv":
        return None
    lines = 0
    with source.path.open("rb") as handle:
        while piece := handle.read(1 << 22):
            lines += piece.count(b"\n")
    return max(1, lines - source.header_row)


def _without_timeout() -> None:
    """Bulk work may take longer than the limit set for page queries."""
    with connection.cursor() as cursor:
        cursor.execute("set local statement_timeout = 0")


class _batch_lock:
    """Hold the batch for this database session; released also when the process dies."""

    def __init__(self, batch_id: int) -> None:
        self.batch_id = batch_id

    def __enter__(self) -> None:
        deadline = time.monotonic() + _LOCK_WAIT_SECONDS
        while not self._taken():
            if time.monotonic() > deadline:
                raise RefusedInputError(
                    "BATCH_BUSY", f"import #{self.batch_id} is being worked on right now"
                )
            time.sleep(0.1)

    def _taken(self) -> bool:
        with connection.cursor() as cursor:
            cursor.execute("select pg_try_advisory_lock(%s, %s)", [_BATCH_LOCK, self.batch_id])
            return bool(cursor.fetchone()[0])

    def __exit__(self, *exc: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_unlock(%s, %s)", [_BATCH_LOCK, self.batch_id])


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
