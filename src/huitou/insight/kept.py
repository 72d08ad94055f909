"""Results computed when first asked for, and kept beside the snapshot they belong to.

They are deleted with its folder; whoever asks next, in whatever process, reads the file.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import duckdb

from huitou.insight import plan, snapshots
from huitou.insight.snapshots import Snapshot

Compute = Callable[[duckdb.DuckDBPyConnection], Mapping[str, Any]]


def kept(snapshot: Snapshot, name: str, compute: Compute) -> Mapping[str, Any]:
    """What ``compute`` makes of a session over the snapshot's own version of the lake, as JSON.

    ``name`` is letters, digits and hyphens, and says everything the result depends on but the
    snapshot. Treat the result as read-only.
    """
    path = Path(snapshot.folder) / f"{name}.json"
    if not path.exists():
        with session_of(snapshot) as connection:
            content = compute(connection)
        draft = path.with_suffix(f".{secrets.token_hex(6)}")
        draft.write_text(json.dumps(content, ensure_ascii=False))
        draft.replace(path)
    return _read(str(path))


@contextmanager
def session_of(snapshot: Snapshot) -> Iterator[duckdb.DuckDBPyConnection]:
    """A session over the files a snapshot was made from, with the purchases of its scope."""
    files: Mapping[str, list[str]] = snapshots.summary(snapshot.folder)["files"]
    with plan.session(
        snapshot.brand_id, files, currency=snapshot.currency, shop_id=snapshot.shop_id
    ) as connection:
        yield connection


@lru_cache(maxsize=64)
def _read(path: str) -> Mapping[str, Any]:
    return dict(json.loads(Path(path).read_text()))
