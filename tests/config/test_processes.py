"""Children are started again, and never outlive their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from huitou.config.processes import Child, Children, end_leftovers, start_ticks


@pytest.fixture
def children() -> Iterator[Children]:
    found = Children(f"test-{os.getpid()}", report=lambda text: None)
    yield found
    found.stop(grace_seconds=1)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)


def lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def test_child_that_ends_with_code_zero_starts_again(children: Children, tmp_path: Path) -> None:
    # given
    log = tmp_path / "log" / "child.log"
    children.start(Child("child", ["echo", "started"], log=log))

    # when
    def again() -> bool:
        children.look_after()
        return lines(log) == ["started", "started"]

    # then
    wait_for(again)


def test_one_shot_child_does_not(children: Children, tmp_path: Path) -> None:
    # given
    log = tmp_path / "child.log"
    child = children.start(Child("child", ["echo", "started"], restart=False, log=log))
    wait_for(lambda: not child.alive)

    # when
    children.look_after()

    # then
    assert child.start_again_at is None
    assert lines(log) == ["started"]


def test_stop_ends_a_child_that_ignores_the_polite_signal(children: Children) -> None:
    # given
    stubborn = "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(60)"
    child = children.start(Child("child", [sys.executable, "-c", stubborn]))

    # when
    children.stop(grace_seconds=0.5)

    # then
    assert not child.alive


PARENT = """
import sys, time
from pathlib import Path
from huitou.config.processes import Child, Children
child = Children(sys.argv[1], report=print).start(Child("child", ["sleep", "60"]))
print(child.process.pid, flush=True)
time.sleep(60)
"""


def test_children_end_with_a_killed_parent() -> None:
    # given
    command = [sys.executable, "-c", PARENT, "token-of-killed"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())

        # when
        parent.send_signal(signal.SIGKILL)

    # then
    wait_for(lambda: start_ticks(child) is None)


def test_leftovers_are_found_by_their_token() -> None:
    # given
    environment = {**os.environ, "HUITOU_UP_TOKEN": "token-of-leftover"}
    leftover = subprocess.Popen(["sleep", "60"], env=environment)

    # when
    ended = end_leftovers("token-of-leftover")

    # then
    assert ended == 1
    assert leftover.wait() == -signal.SIGTERM
