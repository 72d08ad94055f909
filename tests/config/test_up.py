"""``huitou up`` from start to stop, killed ones included."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from huitou.config.postgres import Cluster
from huitou.config.up import running_up
from tests.config.conftest import Huitou


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def started(home: Path, port: int) -> subprocess.Popen[bytes]:
    """``huitou up`` once its own login page answers, not that of a killed one still ending."""
    command = [sys.executable, "-m", "huitou", "up", "--port", str(port), "--no-demo"]
    process = subprocess.Popen(
        command, env={**os.environ, "HUITOU_HOME": str(home)}, stdout=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 90
    while not (is_up(home, process) and answers(port)):
        assert process.poll() is None, "up ended early"
        assert time.monotonic() < deadline, "up takes too long"
        time.sleep(0.1)
    return process


def is_up(home: Path, process: subprocess.Popen[bytes]) -> bool:
    running = running_up(home)
    return running is not None and running.pid == process.pid


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/login/", timeout=5) as response:
            return bool(response.status == 200)
    except OSError:
        return False


def test_up_serves_refuses_a_second_one_and_stops_cleanly(fresh_home: Path, huitou: Huitou) -> None:
    # given
    port = free_port()
    process = started(fresh_home, port)

    # when
    status = json.loads(huitou("status", "--json").stdout)
    second = huitou("up", "--port", str(free_port()))
    brand = huitou("brand", "create", "b", "--name", "B")
    down = huitou("down", "--json")

    # then
    assert (status["running"], status["address"]) == (True, f"http://127.0.0.1:{port}")
    assert (status["database_running"], status["home"]) == (True, str(fresh_home))
    assert second.returncode == 2
    assert "already runs" in second.stderr
    assert brand.returncode == 0
    assert json.loads(down.stdout) == {"stopped": True}
    assert process.wait(30) == 0
    assert not answers(port)
    assert not Cluster(fresh_home).running()


def test_killed_up_does_not_block_the_next(fresh_home: Path) -> None:
    # given
    port = free_port()
    killed = started(fresh_home, port)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert running_up(fresh_home) is None

    # when
    again = started(fresh_home, port)

    # then
    again.send_signal(signal.SIGINT)
    assert again.wait(30) == 0
    assert not Cluster(fresh_home).running()


def test_taken_port_is_refused_before_anything_starts(fresh_home: Path, huitou: Huitou) -> None:
    # given
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        # when
        done = huitou("up", "--port", str(port))

    # then
    assert done.returncode == 2
    assert f"Port {port} is used by another program" in done.stderr
    assert not Cluster(fresh_home).data.exists()


def test_down_without_up_says_so(huitou: Huitou) -> None:
    # when
    done = huitou("down")

    # then
    assert (done.returncode, done.stdout) == (0, "Huitou was not running.\n")
