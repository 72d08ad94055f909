"""The files of the lake: Delta tables under ``LAKE_ROOT/<brand id>/<table>``.

Every change is one Delta commit: a reader sees the old version or the new one, and a writer killed
half-way leaves the old one standing. A reader takes the file list of a version and keeps it, so
files are deleted only long after their version has been replaced.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from django.conf import settings

from huitou.lake.registry import LakeTable, tables

# Replaced files stay readable for as long as a snapshot may still name them.
KEEP_REPLACED_HOURS = 24
# Entries of the log go as soon as a checkpoint stands for them.
_NO_OLD_LOG = {"delta.logRetentionDuration": "interval 0 days"}


def brand_root(brand_id: int) -> Path:
    """The folder of one brand's lake; it may not exist yet."""
    return Path(settings.LAKE_ROOT) / str(brand_id)


def open_table(brand_id: int, table: LakeTable) -> DeltaTable | None:
    """The current version of a table, or ``None`` when it must be built from nothing.

    A table that cannot be read, whose making anew was cut short, or whose columns are no longer
    those declared, counts as none.
    """
    path = brand_root(brand_id) / table.name
    if not path.exists() or _unfinished(brand_id, table).exists():
        return None
    try:
        delta = DeltaTable(str(path))
    except DeltaError:
        return None
    names = [field.name for field in delta.schema().fields]
    return delta if sorted(names) == sorted(table.schema.names) else None


def begin_anew(brand_id: int, table: LakeTable) -> None:
    """Delete a table's files and history; until ``end_anew`` it counts as none.

    It is made in several commits: without the mark, one that was killed between two of them would
    pass for whole.
    """
    mark = _unfinished(brand_id, table)
    mark.parent.mkdir(parents=True, exist_ok=True)
    mark.touch()
    shutil.rmtree(brand_root(brand_id) / table.name, ignore_errors=True)


def end_anew(brand_id: int, table: LakeTable) -> None:
    """The table is whole."""
    _unfinished(brand_id, table).unlink()


def _unfinished(brand_id: int, table: LakeTable) -> Path:
    return brand_root(brand_id) / f"{table.name}.unfinished"


def replace_months(
    brand_id: int, table: LakeTable, months: Sequence[int], batches: Iterable[pa.RecordBatch]
) -> None:
    """Put ``batches`` in place of all rows of ``months``, in one commit."""
    if not months:
        return
    predicate = f"month IN ({', '.join(str(int(month)) for month in sorted(set(months)))})"
    _commit(brand_id, table, batches, predicate=predicate)


def replace_all(brand_id: int, table: LakeTable, batches: Iterable[pa.RecordBatch]) -> None:
    """Put ``batches`` in place of the whole table, in one commit."""
    _commit(brand_id, table, batches, predicate=None)


def _commit(
    brand_id: int, table: LakeTable, batches: Iterable[pa.RecordBatch], *, predicate: str | None
) -> None:
    path = brand_root(brand_id) / table.name
    exists = path.exists()
    path.mkdir(parents=True, exist_ok=True)
    write_deltalake(
        str(path),
        pa.RecordBatchReader.from_batches(table.schema, iter(batches)),
        mode="overwrite",
        partition_by=["month"] if table.partitioned else None,
        predicate=predicate if exists else None,
    )


def months_of(delta: DeltaTable) -> set[int]:
    """The months a partitioned table has files for."""
    return {int(partition["month"]) for partition in delta.partitions()}


def files_of(brand_id: int) -> dict[str, list[str]]:
    """Paths of the current version's files of every declared table, relative to the brand."""
    found: dict[str, list[str]] = {}
    root = str(brand_root(brand_id))
    for table in tables().values():
        delta = open_table(brand_id, table)
        uris = delta.file_uris() if delta is not None else []
        found[table.name] = sorted(unquote(uri)[len(root) + 1 :] for uri in uris)
    return found


def absolute(brand_id: int, files: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """``files`` (relative to the brand, as ``files_of`` gives them) as paths to read."""
    root = brand_root(brand_id)
    return {name: [str(root / path) for path in paths] for name, paths in files.items()}


def vacuum(brand_id: int, *, keep_hours: int = KEEP_REPLACED_HOURS) -> None:
    """Delete files whose version was replaced more than ``keep_hours`` ago."""
    for table in tables().values():
        delta = open_table(brand_id, table)
        if delta is not None:
            delta.vacuum(
                retention_hours=keep_hours, enforce_retention_duration=False, dry_run=False
            )


def forget_history(brand_id: int) -> None:
    """Delete every file and log entry but the current version's, whatever they held.

    The log of a table states the least and greatest values of the files it once had. Readers of an
    earlier version fail and ask again; do it after new snapshots stand.
    """
    vacuum(brand_id, keep_hours=0)
    for table in tables().values():
        delta = open_table(brand_id, table)
        if delta is not None:
            delta.alter.set_table_properties(_NO_OLD_LOG)
            delta = DeltaTable(delta.table_uri)
            delta.create_checkpoint()
            delta.cleanup_metadata()
