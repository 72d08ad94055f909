"""A killed test run's servers are stopped by the next run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from huitou.config.postgres import THROW_AWAY_SETTINGS, Cluster
from tests.leftovers import remove_leftovers, temporary_home

ROOT = Path(__file__).parents[2]
RUN = """
from huitou.config.postgres import THROW_AWAY_SETTINGS, Cluster
from tests.leftovers import temporary_home
home = temporary_home()
Cluster(home, settings=THROW_AWAY_SETTINGS).start()
print(home, flush=True)
"""


@pytest.fixture
def own_temp() -> Iterator[Path]:
    """A temporary folder no other worker tidies, in a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="leftovers-")).resolve()
    folder.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(folder))
        yield folder
    shutil.rmtree(folder, ignore_errors=True)


def test_the_folder_of_a_process_that_is_gone_is_removed_and_ours_stays(
    cluster: Cluster, own_temp: Path
) -> None:
    # given
    cluster.start()
    command = [sys.executable, "-c", RUN]
    env = {**os.environ, "TMPDIR": str(own_temp)}
    gone = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    left = Path(gone.stdout.strip())
    assert Cluster(left, settings=THROW_AWAY_SETTINGS).running()

    # when
    removed = remove_leftovers()

    # then
    assert removed == [left]
    assert not left.exists()
    assert not Cluster(left).running()
    assert cluster.running()


def test_a_folder_of_the_running_process_is_not_a_leftover(own_temp: Path) -> None:
    # given
    mine = temporary_home()

    # when
    removed = remove_leftovers()

    # then
    assert mine.parent == own_temp
    assert removed == []
    assert mine.is_dir()
