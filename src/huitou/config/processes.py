"""Child processes that never outlive their parent unnoticed.

Each child is asked by the kernel to end with its parent, writes to a log in the data folder, and
carries a token in its environment by which the next start finds what a killed one left behind.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_MARK_VARIABLE = "HUITOU_UP_TOKEN"
_BACK_OFF_FIRST_SECONDS = 0.5
_BACK_OFF_MAX_SECONDS = 30.0
# A child that ran this long was healthy: its next restart is quick again.
_HEALTHY_SECONDS = 60.0
_LOG_BYTES_MAX = 10 * 1024 * 1024
_POLL_SECONDS = 0.05
_PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """One supervised program. ``restart``: start it again whenever it ends, exit code 0 included.

    ``log`` None lets the child write to our own output.
    """

    name: str
    command: list[str]
    restart: bool = True
    log: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    back_off_seconds: float = _BACK_OFF_FIRST_SECONDS
    start_again_at: float | None = None

    @property
    def alive(self) -> bool:
        """Whether the program runs."""
        return self.process is not None and self.process.poll() is None


class Children:
    """A set of supervised programs that share one token."""

    def __init__(self, token: str, *, report: Callable[[str], None]) -> None:
        self.token = token
        self._report = report
        self._children: list[Child] = []

    def start(self, child: Child) -> Child:
        """Start ``child`` and look after it from now on."""
        self._children.append(child)
        self._spawn(child)
        return child

    def look_after(self) -> None:
        """Start again what ended; call it a few times a second."""
        now = time.monotonic()
        for child in self._children:
            if child.alive or child.process is None:
                continue
            if not child.restart:
                continue
            if child.start_again_at is None:
                self._plan_restart(child, now)
            elif now >= child.start_again_at:
                self._spawn(child)

    def stop(self, *, grace_seconds: float = 15.0) -> None:
        """End all of them: politely first, by force after ``grace_seconds``."""
        for child in self._children:
            if child.alive and child.process is not None:
                child.process.terminate()
        deadline = time.monotonic() + grace_seconds
        for child in self._children:
            if child.process is None:
                continue
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
            _kill_group(child.process.pid)
            child.process.wait()

    def _plan_restart(self, child: Child, now: float) -> None:
        assert child.process is not None
        _kill_group(child.process.pid)  # what the program itself had started
        if now - child.started_at > _HEALTHY_SECONDS:
            child.back_off_seconds = _BACK_OFF_FIRST_SECONDS
        child.start_again_at = now + child.back_off_seconds
        where = f"; see {child.log}" if child.log else ""
        code = child.process.returncode
        self._report(f"{child.name} ended with code {code} and starts again{where}")
        child.back_off_seconds = min(child.back_off_seconds * 2, _BACK_OFF_MAX_SECONDS)

    def _spawn(self, child: Child) -> None:
        environment = {**os.environ, **child.environment, _MARK_VARIABLE: self.token}
        child.start_again_at = None
        child.started_at = time.monotonic()
        output = _open_log(child.log) if child.log else None
        child.process = subprocess.Popen(
            child.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output is not None else None,
            env=environment,
            start_new_session=True,  # Ctrl-C is ours to hand on
            preexec_fn=_ends_with_parent(),
        )
        if output is not None:
            os.close(output)


def end_leftovers(token: str, *, grace_seconds: float = 5.0) -> int:
    """End every process that still carries ``token``; returns how many there were.

    Works where ``/proc`` exists; elsewhere nothing is found.
    """
    found = pids = _carriers(token)
    deadline = time.monotonic() + grace_seconds
    while pids:
        number = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
        for pid in pids:
            _signal(pid, number)
        time.sleep(_POLL_SECONDS)
        pids = _carriers(token)
    return len(found)


def start_ticks(pid: int) -> str | None:
    """When process ``pid`` began, in the kernel's ticks; with the pid it names one process only.

    None when there is no such live process.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return None
    return None if fields[0] in "ZX" else fields[19]


def _carriers(token: str) -> list[int]:
    mark = f"{_MARK_VARIABLE}={token}".encode()
    return [
        pid
        for entry in Path("/proc").glob("[0-9]*")
        if (pid := int(entry.name)) != os.getpid()
        and mark in _environment(pid)
        and start_ticks(pid) is not None
    ]


def _environment(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return []


def _ends_with_parent() -> Callable[[], None] | None:
    """A hook for the new process that asks Linux to end it when its parent dies."""
    if not sys.platform.startswith("linux"):
        return None
    library, parent = ctypes.CDLL(None), os.getpid()

    def hook() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            os._exit(1)

    return hook


def _open_log(file: Path) -> int:
    file.parent.mkdir(mode=0o700, exist_ok=True)
    if file.exists() and file.stat().st_size > _LOG_BYTES_MAX:
        file.replace(file.with_suffix(".log.old"))
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def _kill_group(leader: int) -> None:
    try:
        os.killpg(leader, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
