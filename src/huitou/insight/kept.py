"""Results computed when first asked for, and kept beside the snapshot they belong to.

They are deleted with its folder; whoever asks next, in whatever process, reads the file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from huitou.insight import plan, snapshots
from huitou.insight.snapshots import Snapshot
from huitou.insight.types import Scope
from huitou.lake.sessions import Session


def kept(
    snapshot: Snapshot, name: str, compute: Callable[[Session], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """What ``compute`` makes of a session over the snapshot's own version of the lake, as JSON.

    ``name`` is letters, digits and hyphens, and says everything the result depends on but the
    snapshot. Treat the result as read-only.
    """
    path = Path(snapshot.folder) / f"{name}.json"
    if not path.exists():
        with session_of(snapshot) as session:
            text = json.dumps(compute(session), ensure_ascii=False)
        _put(path, lambda draft: draft.write_text(text))
    return _read(str(path))


def kept_tables(
    snapshot: Snapshot, names: tuple[str, ...], compute: Callable[[Session], tuple[pa.Table, ...]]
) -> tuple[Path, ...]:
    """The Parquet files of the tables ``compute`` makes, as ``kept``; one file a name."""
    paths = tuple(Path(snapshot.folder) / f"{name}.parquet" for name in names)
    # The last is written last: where it is, all are.
    if not paths[-1].exists():
        with session_of(snapshot) as session:
            tables = compute(session)
        for path, table in zip(paths, tables, strict=True):
            _put(path, partial(pyarrow.parquet.write_table, table))
    return paths


def newest_table(scope: Scope, name: str) -> tuple[Snapshot, Path] | None:
    """The Parquet file ``name`` with its snapshot: the one in force, or the one before it.

    Nothing is computed; ``None`` where neither has it.
    """
    for snapshot in (snapshots.current(scope), snapshots.before(scope)):
        if snapshot is not None and (path := Path(snapshot.folder) / f"{name}.parquet").exists():
            return snapshot, path
    return None


@contextmanager
def session_of(snapshot: Snapshot) -> Iterator[Session]:
    """A session over the files a snapshot was made from, with the purchases of its scope."""
    files: Mapping[str, list[str]] = snapshots.summary(snapshot.folder)["files"]
    with plan.session(
        snapshot.brand_id, files, currency=snapshot.currency, shop_id=snapshot.shop_id
    ) as session:
        yield session


def _put(path: Path, write: Callable[[Path], Any]) -> None:
    """Let nobody see half a file."""
    draft = path.with_suffix(f".{secrets.token_hex(6)}")
    write(draft)
    draft.replace(path)


@lru_cache(maxsize=64)
def _read(path: str) -> Mapping[str, Any]:
    return dict(json.loads(Path(path).read_text()))
