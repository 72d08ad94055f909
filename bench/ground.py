"""A throw-away installation for a bench: data folder, database, schema."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huitou.config.bootstrap import migrate, set_up_django
from huitou.config.leases import database_available

ROOT = Path(__file__).parent.parent
# What the product is compared with lives in an environment of its own: ``make bench`` makes it of
# requirements/bench.txt. A bench without it says so and goes on.
OTHERS_PYTHON = ROOT / ".venv-bench" / "bin" / "python"


def measured_apart(bench: str, *arguments: str, **environment: str) -> Any:
    """What ``bench`` prints last, as data, from a process of its own.

    Django is set up once in a process, and only so is its peak memory the bench's own.
    """
    command = [sys.executable, "-m", f"bench.{bench}", *arguments]
    return _last_said(command, cwd=ROOT, env={**os.environ, **environment})


def measured_of_others(script: str, *arguments: str) -> Any:
    """The same of ``bench/script.py``, in the environment of what the product is compared with."""
    command = [str(OTHERS_PYTHON), str(ROOT / "bench" / f"{script}.py"), *arguments]
    return _last_said(command, stderr=subprocess.DEVNULL)


def _last_said(command: list[str], **options: Any) -> Any:
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **options).stdout
    return json.loads(out.splitlines()[-1])


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
