"""Who uses the embedded server right now, so that the last one out can switch it off.

Every user holds a shared lock on one file; the kernel releases it however the process ends. A mark
says that the server was started on demand, so a killed command's server is stopped by the next.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from huitou.config.database import is_embedded
from huitou.config.home import home as data_folder


@contextmanager
def database_available(home: Path | None = None, *, owner: bool = False) -> Iterator[None]:
    """Have a database within the block, and leave the embedded server as it was found.

    It is started when nothing runs. When commands overlap, the last one stops it. ``owner`` is for
    ``huitou up``: the server is its own, and goes on only for commands that are still at work when
    it ends. Does nothing when ``DATABASE_URL`` names a server.
    """
    if not is_embedded():
        yield
        return
    from huitou.config.postgres import Cluster  # slow to import, and not needed above

    home = home or data_folder()
    cluster = Cluster(home)
    on_demand = home / "run" / "pg-on-demand"
    with _opened(home, "pg-users.lock") as users:
        with _mutex(home):
            fcntl.flock(users, fcntl.LOCK_SH)
            started = cluster.start()
            if owner:
                on_demand.unlink(missing_ok=True)
            elif started:
                on_demand.touch()
        try:
            yield
        finally:
            with _mutex(home):
                last = _is_last(users)
                if last and (owner or on_demand.exists()):
                    cluster.stop()
                    on_demand.unlink(missing_ok=True)
                elif owner:
                    on_demand.touch()


def _is_last(users: IO[str]) -> bool:
    fcntl.flock(users, fcntl.LOCK_UN)
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _mutex(home: Path) -> Iterator[None]:
    with _opened(home, "pg-leases.lock") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _opened(home: Path, name: str) -> IO[str]:
    folder = home / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    return (folder / name).open("a")
