"""``huitou up``: database, web server, worker and demo data in one foreground process."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from huitou.config.bootstrap import (
    Login,
    collect_static,
    ensure_admin,
    migrate,
    retry_abandoned_jobs,
    set_up_django,
)
from huitou.config.database import is_embedded
from huitou.config.leases import database_available
from huitou.config.processes import Child, Children, end_leftovers, start_ticks
from huitou.config.translations import compile_translations
from huitou.kernel.errors import HuitouError, RefusedInputError

# A page waits for PostgreSQL most of its time, so more threads than cores.
_WEB_THREADS = 8
_REACHABLE_SECONDS = 60.0
_DOWN_SECONDS = 30.0
_POLL_SECONDS = 0.1
_DEMO_FAILED = "The demo data could not be loaded; the next start goes on with it."

Say = Callable[[str], None]


@dataclass(frozen=True)
class Running:
    """A ``huitou up`` at work: its process, the token of its children, its address."""

    pid: int
    start_ticks: str | None
    token: str
    address: str


def up(home: Path, *, host: str, port: int, demo: bool, say: Say) -> None:
    """Run everything until Ctrl-C, SIGTERM or ``huitou down``.

    Raises ``RefusedInputError`` when it runs already or the port is taken, before any effect.
    """
    with _only_one(home):
        _end_what_a_killed_start_left(home)
        _refuse_taken_port(host, port)
        mine = Running(
            os.getpid(), start_ticks(os.getpid()), secrets.token_hex(16), _address(host, port)
        )
        (home / "run" / "up.json").write_text(json.dumps(asdict(mine)))
        children = Children(mine.token, report=say)
        with _signals_as_interrupt():
            try:
                with database_available(home, owner=True):
                    try:
                        _run(home, mine, children, host=host, port=port, demo=demo, say=say)
                    finally:
                        _ignore_signals()
                        say("Stopping …")
                        children.stop()
            except KeyboardInterrupt:
                say("Stopped.")
            finally:
                (home / "run" / "up.json").unlink(missing_ok=True)


def down(home: Path) -> bool:
    """Stop the ``huitou up`` of this data folder; whether one ran.

    Also ends what a killed one left behind. Raises ``HuitouError`` when it does not end in time.
    """
    running = running_up(home)
    if running is None:
        _end_what_a_killed_start_left(home)
        _stop_unused_server(home)
        return False
    os.kill(running.pid, signal.SIGTERM)
    deadline = time.monotonic() + _DOWN_SECONDS
    while running_up(home) is not None:
        if time.monotonic() > deadline:
            raise HuitouError(f"Process {running.pid} does not end; stop it with kill -9.")
        time.sleep(_POLL_SECONDS)
    return True


def running_up(home: Path) -> Running | None:
    """The ``huitou up`` now at work in this data folder, if any."""
    try:
        found = Running(**json.loads((home / "run" / "up.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    try:
        os.kill(found.pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # somebody else's, and alive
    return found if start_ticks(found.pid) == found.start_ticks else None


def _run(
    home: Path, mine: Running, children: Children, *, host: str, port: int, demo: bool, say: Say
) -> None:
    set_up_django()
    if migrate(home):
        say("Database schema is up to date.")
    compile_translations()
    if collect_static(home):
        say("Static files are gathered.")
    if is_embedded():  # nobody else works on it; of a shared server the worker knows what stalled
        retry_abandoned_jobs()
    web = children.start(_web(home, host, port))
    login = ensure_admin(home)
    children.start(_own("worker", "worker", home / "log" / "worker.log"))
    # The demo loads beside the web server, so that signing in need not wait for it.
    loader = (
        children.start(_own("demo data", "prepare-demo", None, restart=False)) if demo else None
    )
    _wait_until_reachable(mine.address, children, web)
    _greet(home, mine.address, login, say)
    while True:
        children.look_after()
        if loader is not None and not loader.alive:
            failed = loader.process is None or loader.process.returncode != 0
            say(_DEMO_FAILED if failed else "The demo data is ready.")
            loader = None
        time.sleep(_POLL_SECONDS)


def _web(home: Path, host: str, port: int) -> Child:
    command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host]
    command += ["--port", str(port), "--workers", "1", "--blocking-threads", str(_WEB_THREADS)]
    command += ["--no-ws", "--log-level", "warning", "huitou.config.wsgi:application"]
    environment = {}
    if "HUITOU_HOSTS" not in os.environ and host not in ("127.0.0.1", "localhost", "::1"):
        environment["HUITOU_HOSTS"] = f"127.0.0.1,localhost,[::1],{host},{socket.gethostname()}"
    return Child("web server", command, log=home / "log" / "web.log", environment=environment)


def _own(name: str, command: str, log: Path | None, *, restart: bool = True) -> Child:
    return Child(name, [sys.executable, "-m", "huitou", command], restart=restart, log=log)


def _wait_until_reachable(address: str, children: Children, web: Child) -> None:
    from django.urls import reverse

    deadline = time.monotonic() + _REACHABLE_SECONDS
    while not _answers(address + reverse("login")):
        if time.monotonic() > deadline:
            raise HuitouError(f"The web server does not answer; see {web.log}.")
        children.look_after()
        time.sleep(_POLL_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 - our own address
            return bool(response.status == 200)
    except urllib.error.HTTPError as error:
        raise HuitouError(f"{url} answers with an error ({error.code}).") from error
    except OSError:
        return False


def _greet(home: Path, address: str, login: Login, say: Say) -> None:
    password = login.password or "(as you have set it)"
    say(f"\n  Huitou is ready:  {address}\n  Sign in as:       {login.name} / {password}")
    say(f"  Data folder:      {home}\n  Stop with Ctrl-C or `huitou down`.\n")


def _address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 - compared only
    return f"http://{shown}:{port}"


def _refuse_taken_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise RefusedInputError(
                    "PORT_TAKEN",
                    f"Port {port} is used by another program. Choose another one: "
                    f"`huitou up --port {port + 1}` or `make run PORT={port + 1}`.",
                ) from error
            raise RefusedInputError(
                "ADDRESS", f"Cannot listen on {host}:{port}: {error}"
            ) from error


@contextmanager
def _only_one(home: Path) -> Iterator[None]:
    (home / "run").mkdir(mode=0o700, exist_ok=True)
    with (home / "run" / "up.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            running = running_up(home)
            where = f" at {running.address}" if running else ""
            raise RefusedInputError(
                "ALREADY_RUNNING", f"Huitou already runs{where}; stop it with `huitou down`."
            ) from error
        yield


def _end_what_a_killed_start_left(home: Path) -> None:
    file = home / "run" / "up.json"
    try:
        token = json.loads(file.read_text())["token"]
    except (OSError, ValueError, KeyError):
        return
    end_leftovers(token)
    file.unlink(missing_ok=True)


def _stop_unused_server(home: Path) -> None:
    """Stop the embedded server a killed start left running, unless a command uses it."""
    from huitou.config.postgres import Cluster

    if is_embedded() and Cluster(home).running():
        with database_available(home, owner=True):
            pass


def _interrupt(number: int, frame: Any) -> None:
    raise KeyboardInterrupt


@contextmanager
def _signals_as_interrupt() -> Iterator[None]:
    handled = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, _interrupt) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore_signals() -> None:
    """From here on we are stopping already; a second Ctrl-C must not leave half of it running."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
