"""Snapshots: what a refresh leaves for the console, as plain Parquet and JSON.

``LAKE_ROOT/<brand>/snapshots/<as-of>-<scope>-<token>/`` holds ``traits.parquet`` (all members in
scope, sorted by ``member_id``), ``categories.parquet`` (a row per buyer and category, sorted
likewise), the roll-ups of ``insight.periods`` (``daily``, ``successions``,
``comebacks``, each sorted by date) and ``summary.json``. ``current.json`` names the folders in
force; it is replaced in one step, so every scope changes over together.
"""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from huitou.insight.traits import TRAITS
from huitou.insight.types import Scope
from huitou.lake import store
from huitou.lake.registry import tables

POINTER = "current.json"
# To be raised whenever the files of a snapshot change.
_FILES_VERSION = 4
TRAITS_FILE = "traits.parquet"
CATEGORIES_FILE = "categories.parquet"
DAILY_FILE = "daily.parquet"
SUCCESSIONS_FILE = "successions.parquet"
COMEBACKS_FILE = "comebacks.parquet"
SUMMARY_FILE = "summary.json"


@dataclass(frozen=True)
class Snapshot:
    """One scope's snapshot; ``folder`` is unique to it, so it serves as a cache key."""

    brand_id: int
    shop_id: int | None
    folder: str
    as_of: date
    refreshed_at: datetime
    currency: str

    @property
    def traits_path(self) -> str:
        """The Parquet file of traits."""
        return str(Path(self.folder) / TRAITS_FILE)

    @property
    def categories_path(self) -> str:
        """The Parquet file of members' categories."""
        return str(Path(self.folder) / CATEGORIES_FILE)


def snapshots_root(brand_id: int) -> Path:
    """The folder of a brand's snapshots."""
    return store.brand_root(brand_id) / "snapshots"


def scope_name(shop_id: int | None) -> str:
    """``all`` or the shop's number."""
    return "all" if shop_id is None else str(shop_id)


def current(scope: Scope) -> Snapshot | None:
    """The snapshot in force, or ``None`` when the scope was never refreshed.

    The only shop of a brand shares the brand's snapshot.
    """
    pointer = _read_pointer(scope.brand_id)
    return None if pointer is None else _named(pointer, scope)


def before(scope: Scope) -> Snapshot | None:
    """The snapshot that was in force before ``current``, while it is still there.

    For what is computed only after a refresh: it may be of the one before for a while.
    """
    pointer = (_read_pointer(scope.brand_id) or {}).get("previous")
    snapshot = None if pointer is None else _named(pointer, scope)
    return snapshot if snapshot is not None and Path(snapshot.folder).exists() else None


def _named(pointer: Mapping[str, Any], scope: Scope) -> Snapshot | None:
    name = scope_name(scope.shop_id)
    if scope.shop_id is not None and pointer["shops"] == [scope.shop_id]:
        name = "all"
    folder = pointer["folders"].get(name)
    if folder is None:
        return None
    return Snapshot(
        brand_id=scope.brand_id,
        shop_id=None if name == "all" else scope.shop_id,
        folder=str(snapshots_root(scope.brand_id) / folder),
        as_of=date.fromisoformat(pointer["as_of"]),
        refreshed_at=datetime.fromisoformat(pointer["refreshed_at"]),
        currency=pointer["currency"],
    )


@cache
def format_now() -> str:
    """What snapshots of this version say of themselves; others count as none.

    Traits and lake tables say by themselves when they are declared otherwise: figures that go with
    files of other columns could no longer be read beside them.
    """
    declared = (
        [(trait.name, trait.kind, trait.choices) for trait in TRAITS],
        sorted((table.name, tuple(table.schema.names)) for table in tables().values()),
    )
    return f"{_FILES_VERSION}-{zlib.crc32(repr(declared).encode()):08x}"


def _read_pointer(brand_id: int) -> dict[str, Any] | None:
    try:
        pointer = dict(json.loads((snapshots_root(brand_id) / POINTER).read_text()))
    except FileNotFoundError:
        return None
    return pointer if pointer.get("format") == format_now() else None


def is_outdated(brand_id: int) -> bool:
    """Whether the brand has snapshots, but of a format this version cannot read."""
    return _read_pointer(brand_id) is None and (snapshots_root(brand_id) / POINTER).exists()


@lru_cache(maxsize=64)
def summary(folder: str) -> Mapping[str, Any]:
    """The small figures of a snapshot. Treat as read-only."""
    return dict(json.loads((Path(folder) / SUMMARY_FILE).read_text()))


def write_summary(folder: Path, content: Mapping[str, Any]) -> None:
    """Write the small figures of a snapshot that is being made."""
    (folder / SUMMARY_FILE).write_text(json.dumps(content, ensure_ascii=False))


def publish(brand_id: int, pointer: Mapping[str, Any]) -> None:
    """Put a finished set of snapshots in force and delete all but it and the one before.

    The one before stays for requests that are reading it.
    """
    root = snapshots_root(brand_id)
    previous = _read_pointer(brand_id)
    draft = root / f"{POINTER}.draft"
    earlier = {k: v for k, v in previous.items() if k != "previous"} if previous else None
    with draft.open("w") as file:
        json.dump({**pointer, "previous": earlier, "format": format_now()}, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(root / POINTER)
    kept = set(pointer["folders"].values())
    if previous is not None:
        kept |= set(previous["folders"].values())
    for path in root.iterdir():
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path, ignore_errors=True)


def forget_previous(brand_id: int) -> None:
    """Delete every snapshot but those in force; whoever reads an older one asks again."""
    pointer = _read_pointer(brand_id)
    kept = set(pointer["folders"].values()) if pointer else set()
    root = snapshots_root(brand_id)
    for path in root.iterdir() if root.exists() else ():
        if path.is_dir() and path.name not in kept:
            shutil.rmtree(path)
