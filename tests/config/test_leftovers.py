"""A killed test run's servers are stopped by the next run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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


def test_the_folder_of_a_process_that_is_gone_is_removed_and_ours_stays(cluster: Cluster) -> None:
    # given
    cluster.start()
    command = [sys.executable, "-c", RUN]
    gone = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    left = Path(gone.stdout.strip())
    assert Cluster(left, settings=THROW_AWAY_SETTINGS).running()

    # when
    removed = remove_leftovers()

    # then
    assert left in removed
    assert not left.exists()
    assert not Cluster(left).running()
    assert cluster.running()


def test_a_folder_of_the_running_process_is_not_a_leftover() -> None:
    # given
    mine = temporary_home()

    # when
    removed = remove_leftovers()

    # then
    assert mine not in removed
    mine.rmdir()
