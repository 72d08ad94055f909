"""Which system user runs the embedded server when Huitou itself runs as root."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from huitou.config.database import server_uid
from huitou.kernel.errors import HuitouError, RefusedInputError

# Names a site is likely to have for this purpose, best first; the first is created when missing.
_NAMES = ("huitou", "postgres")
# System accounts by Debian's and Red Hat's conventions.
_SYSTEM_UIDS = range(999, 100, -1)


@dataclass(frozen=True)
class ServerUser:
    """An unprivileged user and group by number."""

    uid: int
    gid: int


def server_user(home: Path, data: Path) -> ServerUser | None:
    """The user to run the server of ``home`` as; ``None`` means the current user.

    For root it is, in this order: the owner of the existing cluster ``data``, the owner of
    ``home``, ``HUITOU_PG_USER``, a user named ``huitou`` or ``postgres``, a new system user.
    Raises ``HuitouError`` when none can be had, or when the cluster belongs to somebody else.
    """
    owner = data.stat() if data.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise HuitouError(
                f"The database in {data} belongs to user {owner.st_uid}; run as them."
            )
        return None
    if owner is not None and owner.st_uid != 0:
        return ServerUser(owner.st_uid, owner.st_gid)
    if server_uid(home) != 0:
        return ServerUser(home.stat().st_uid, home.stat().st_gid)
    return _named_user() or _created_user()


def _named_user() -> ServerUser | None:
    wanted = os.environ.get("HUITOU_PG_USER")
    for name in (wanted,) if wanted else _NAMES:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return ServerUser(entry.pw_uid, entry.pw_gid)
    if wanted:
        raise RefusedInputError("HUITOU_PG_USER", f"{wanted} is not an unprivileged user here.")
    return None


def _created_user() -> ServerUser:
    """A new system user without a login, made with the system's own tool where there is one."""
    name = _NAMES[0]
    if useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin"):
        command = [useradd, "--system", "--user-group", "--no-create-home"]
        command += ["--home-dir", "/nonexistent", "--shell", "/usr/sbin/nologin", name]
        subprocess.run(command, check=False, capture_output=True)
        if found := _named_user():
            return found
    try:
        _append_user(name)
    except OSError as error:
        raise HuitouError(
            "PostgreSQL refuses to run as root and no system user could be created "
            f"({error}); name an unprivileged one in HUITOU_PG_USER."
        ) from error
    entry = pwd.getpwnam(name)
    return ServerUser(entry.pw_uid, entry.pw_gid)


def _append_user(name: str) -> None:
    """Add ``name`` to the user and group files of a bare container, which has no useradd."""
    with open("/etc/.pwd.lock", "a") as lock:
        fcntl.lockf(lock, fcntl.LOCK_EX)  # the lock lckpwdf(3) takes
        users, groups = Path("/etc/passwd"), Path("/etc/group")
        taken = {_number(line) for file in (users, groups) for line in _lines(file)}
        number = next(uid for uid in _SYSTEM_UIDS if uid not in taken)
        _append(groups, f"{name}:x:{number}:")
        _append(users, f"{name}:x:{number}:{number}::/nonexistent:/usr/sbin/nologin")


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []


def _number(line: str) -> int | None:
    fields = line.split(":")
    return int(fields[2]) if len(fields) > 2 and fields[2].isdigit() else None


def _append(file: Path, line: str) -> None:
    text = file.read_text() if file.exists() else ""
    with file.open("a") as handle:
        handle.write(("" if not text or text.endswith("\n") else "\n") + line + "\n")
