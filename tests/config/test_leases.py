"""The embedded server is left as it was found."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from huitou.config.leases import database_available
from huitou.config.postgres import Cluster

HOLD = (
    "import sys; from pathlib import Path; from huitou.config.leases import database_available\n"
    "with database_available(Path(sys.argv[1])): print('in', flush=True); sys.stdin.read()"
)


def holder(home: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "in\n"
    return process


def test_starts_on_demand_and_stops(cluster: Cluster) -> None:
    with database_available(cluster.home):
        assert cluster.running()
    assert not cluster.running()


def test_server_found_running_goes_on(cluster: Cluster) -> None:
    # given
    cluster.start()

    # when
    with database_available(cluster.home):
        pass

    # then
    assert cluster.running()


def test_last_of_overlapping_commands_stops_it(cluster: Cluster) -> None:
    # given
    other = holder(cluster.home)
    with database_available(cluster.home):
        pass
    assert cluster.running()

    # when
    other.communicate("")

    # then
    assert not cluster.running()


def test_server_of_a_killed_command_is_stopped_by_the_next(cluster: Cluster) -> None:
    # given
    killed = holder(cluster.home)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert cluster.running()

    # when
    with database_available(cluster.home):
        pass

    # then
    assert not cluster.running()


def test_owner_leaves_it_to_the_command_still_at_work(cluster: Cluster) -> None:
    # given
    with database_available(cluster.home, owner=True):
        command = holder(cluster.home)
    assert cluster.running()

    # when
    command.communicate("")

    # then
    assert not cluster.running()


def test_command_beside_the_owner_leaves_the_server_alone(cluster: Cluster) -> None:
    with database_available(cluster.home, owner=True):
        with database_available(cluster.home):
            pass
        assert cluster.running()
    assert not cluster.running()
