"""The steps of an erasure, in order; rooms above add theirs with ``register_step``.

A step may run again after it was cut short: it finds what is still there. ``records`` comes first:
in one transaction it remembers the person and makes the rows anonymous, so that an import finds
either the person or their token. What the later steps look for is kept with the request.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from huitou.kernel.errors import RefusedInputError
from huitou.privacy import records
from huitou.privacy.subjects import Subject
from huitou.vault.hashing import blind_indexes

# First key of the advisory lock between imports, which share it, and new tombstones.
_LOCK = 74_011


class ErasureWaitsError(RefusedInputError):
    """A step cannot run yet; the request waits and goes on by itself."""


@dataclass(frozen=True)
class Step:
    """One step: ``count`` says what it would touch (by name), ``run`` does it, as of ``now``.

    Only one that writes rows of ours runs ``in_transaction``: a long one would hold back every
    reader of the event log.
    """

    name: str
    order: int
    label: tuple[str, str]  # English, Chinese
    count: Callable[[Subject], Mapping[str, int]]
    run: Callable[[Subject, datetime], None]
    in_transaction: bool = False


_STEPS: dict[str, Step] = {}


def register_step(step: Step) -> None:
    """Add a step; registering the same again is harmless."""
    _STEPS[step.name] = step


def steps() -> list[Step]:
    """Every step in order."""
    return sorted(_STEPS.values(), key=lambda step: step.order)


def register_own_steps() -> None:
    """The steps that are this room's own."""
    nothing: Callable[[Subject], Mapping[str, int]] = lambda subject: {}  # noqa: E731
    register_step(
        Step("records", 10, ("Database", "数据库"), records.counted, _erase_records, True)
    )
    register_step(
        Step("exports", 30, ("Exported files", "导出文件"), _count_exports, _remove_exports)
    )
    register_step(Step("logs", 90, ("Log files", "日志文件"), nothing, _mask_logs))


def share_imports(brand_id: int) -> None:
    """Until the transaction ends, keep new tombstones waiting; those on record are final."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock_shared(%s, %s)", [_LOCK, brand_id])


def shut_out_imports(brand_id: int) -> None:
    """Until the transaction ends, no import records a chunk; waits for those that looked before."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(%s, %s)", [_LOCK, brand_id])


def _erase_records(subject: Subject, now: datetime) -> None:
    pairs = subject.sought.identifiers
    digests = blind_indexes(pairs, brand_id=subject.brand_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into privacy_tombstone (brand_id, kind, digest)"
            " select %s, s.kind, s.digest from unnest(%s::text[], %s::bytea[]) s (kind, digest)"
            " where s.digest is not null on conflict do nothing",
            [subject.brand_id, [kind for kind, _ in pairs], digests],
        )
        cursor.execute(
            "insert into privacy_erasedaccount (account_id, brand_id, at)"
            " select a, %s, %s from unnest(%s::bigint[]) a on conflict do nothing",
            [subject.brand_id, now, list(subject.accounts)],
        )
    records.erase(subject, now)


def exports_folder(brand_id: int) -> Path:
    """Where files that were exported to be fetched later lie."""
    return Path(settings.HUITOU_HOME) / "exports" / str(brand_id)


def _exports(brand_id: int) -> list[Path]:
    folder = exports_folder(brand_id)
    return [path for path in folder.rglob("*") if path.is_file()] if folder.exists() else []


def _count_exports(subject: Subject) -> Mapping[str, int]:
    return {"exports": len(_exports(subject.brand_id))}


def _remove_exports(subject: Subject, now: datetime) -> None:
    # Whoever still needs one exports again, without the person.
    for path in _exports(subject.brand_id):
        path.unlink(missing_ok=True)


def _mask_logs(subject: Subject, now: datetime) -> None:
    folder = Path(settings.HUITOU_HOME) / "log"
    for path in sorted(folder.glob("*.log*")) if folder.exists() else []:
        mask_file(path, subject)


def mask_file(path: Path, subject: Subject) -> int:
    """Overwrite with ``*`` what names the person in a file of text lines; how many places.

    The length stays, so a process may go on appending meanwhile.
    """
    places = 0
    with path.open("r+b") as file:
        start = 0
        for raw in iter(file.readline, b""):
            line = raw.decode("utf-8", "surrogateescape")
            spans = subject.sought.spans(line)
            for begin, end in spans:
                at = len(line[:begin].encode("utf-8", "surrogateescape"))
                size = len(line[begin:end].encode("utf-8", "surrogateescape"))
                file.seek(start + at)
                file.write(b"*" * size)
            places += len(spans)
            start += len(raw)
            file.seek(start)
        file.flush()
        os.fsync(file.fileno())
    return places
