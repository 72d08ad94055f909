"""A throw-away installation for a bench: data folder, database, schema."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from huitou.config.bootstrap import migrate, set_up_django
from huitou.config.leases import database_available


@contextmanager
def installation() -> Iterator[Path]:
    """An empty installation in a temporary data folder; Django is set up within the block.

    Only one per process: Django's settings cannot move to another folder.
    """
    home = Path(tempfile.mkdtemp(prefix="huitou-bench-"))
    os.environ["HUITOU_HOME"] = str(home)
    os.environ.pop("DATABASE_URL", None)
    try:
        set_up_django()
        with database_available():
            migrate(home)
            yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)
