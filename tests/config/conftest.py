"""Data folders of a test's own, with nothing left running."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huitou.config.postgres import THROW_AWAY_SETTINGS, Cluster
from tests.leftovers import remove_home, temporary_home

Huitou = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def fresh_home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty data folder in a short path anybody may pass through, as a site's would be."""
    home = temporary_home()
    monkeypatch.setenv("HUITOU_HOME", str(home))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    yield home
    remove_home(home)


@pytest.fixture
def cluster(fresh_home: Path) -> Cluster:
    """A cluster that is not made yet, with crash safety off."""
    return Cluster(fresh_home, settings=THROW_AWAY_SETTINGS)


@pytest.fixture
def huitou(fresh_home: Path) -> Huitou:
    """Runs the command line in a process of its own."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "HUITOU_HOME": str(fresh_home)}
        return subprocess.run(
            [sys.executable, "-m", "huitou", *arguments],
            capture_output=True,
            text=True,
            env=environment,
            timeout=60,
            check=False,
        )

    return run
