"""Data folders of test runs, named after their process so that a later run can tidy up.

A killed run cannot stop its embedded servers; the next one does, as soon as the process that made
the folder is gone.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from huitou.config.postgres import Cluster
from huitou.config.processes import start_ticks
from huitou.config.up import down

_NAME = re.compile(r"huitou-test-(\d+)-([1-9]\d*)-")


def temporary_home() -> Path:
    """A new data folder in a short path anybody may pass through, as a site's would be."""
    # A process number comes round again; together with its start it names one process only.
    prefix = f"huitou-test-{os.getpid()}-{start_ticks(os.getpid()) or 0}-"
    return Path(tempfile.mkdtemp(prefix=prefix)).resolve()


def remove_home(home: Path) -> None:
    """Stop whatever runs in the data folder and remove it."""
    down(home)
    cluster = Cluster(home)
    cluster.stop()
    for folder in (cluster.root, cluster.socket_dir, home):
        shutil.rmtree(folder, ignore_errors=True)


def remove_leftovers() -> list[Path]:
    """Remove the data folders whose test process is gone; returns them.

    Nothing is found where the system does not tell when a process began.
    """
    removed = []
    for folder in Path(tempfile.gettempdir()).resolve().glob("huitou-test-*"):
        owner = _NAME.match(folder.name)
        if not owner or not _is_ours(folder):
            continue
        if start_ticks(int(owner[1])) != owner[2]:
            remove_home(folder)
            removed.append(folder)
    return removed


def _is_ours(folder: Path) -> bool:
    try:
        return folder.stat().st_uid == os.geteuid()
    except FileNotFoundError:  # another worker's run ended, or it tidied up before us
        return False
