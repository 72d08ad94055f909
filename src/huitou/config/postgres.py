"""The embedded PostgreSQL: one cluster in the data folder, reached through a private socket.

``Cluster`` makes, starts and stops it. It copes with what killed processes leave behind: stale pid
files, zombies that nobody reaps, backends that outlive their postmaster, half-made clusters.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from huitou.config.binaries import binaries, major_version
from huitou.config.database import APP_DATABASE, APP_ROLE, PORT, cluster_root, socket_dir
from huitou.config.server_user import ServerUser, server_user
from huitou.kernel.errors import HuitouError

_SUPERUSER = "postgres"
_POLL_SECONDS = 0.05
_LOG_BYTES_MAX = 10 * 1024 * 1024
_ORPHAN_GRACE_SECONDS = 5.0
# Below this size /dev/shm cannot hold a parallel query's memory; containers often give 64 MB.
_SHARED_MEMORY_MIN_BYTES = 512 * 1024 * 1024

# Sized for two cores and a few GiB beside the web server and the analytic engine.
SERVER_SETTINGS: dict[str, str] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "256MB",
    "effective_cache_size": "2GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "min_wal_size": "256MB",
    "checkpoint_timeout": "15min",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "random_page_cost": "1.1",
    "jit": "off",  # many short queries: compiling costs more than it gives
    "log_min_duration_statement": "5s",
    "log_line_prefix": "%m [%p] %u ",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
# For tests only: a crash of the machine may lose the cluster.
THROW_AWAY_SETTINGS: dict[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_connections": "200",
}
# Bulk work raises these for its own transactions with SET LOCAL.
ROLE_SETTINGS: dict[str, str] = {
    "statement_timeout": "60s",
    "lock_timeout": "15s",
    "idle_in_transaction_session_timeout": "2min",
}


class Cluster:
    """The embedded server of one data folder; every method is safe against other processes."""

    def __init__(self, home: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.root = cluster_root(home)
        self.data = self.root / "data"
        self.socket_dir = socket_dir(home)
        self.name = "huitou-" + hashlib.sha256(str(self.data).encode()).hexdigest()[:8]
        self.settings = {**SERVER_SETTINGS, **(settings or {})}

    def running(self) -> bool:
        """Whether the server accepts connections."""
        return self._postmaster() is not None and self._pid_file_status() == "ready"

    def start(self, *, timeout_seconds: float = 60.0) -> bool:
        """Make the cluster if needed and start the server; returns whether it was not running.

        Raises ``HuitouError`` with the end of the server's log when it does not come up in time.
        """
        with self._lock():
            if self.running():
                return False
            user = server_user(self.home, self.data)
            bin_dir = binaries(user)
            self._prepare_folders(user)
            self._create_cluster(bin_dir, user)
            self._write_settings(user)
            self._launch(bin_dir, user, time.monotonic() + timeout_seconds)
            self._create_role_and_database()
            return True

    def stop(self, *, timeout_seconds: float = 60.0) -> bool:
        """Stop the server, ending its sessions; returns whether it was running."""
        with self._lock():
            if self._postmaster() is None:
                return False
            user = server_user(self.home, self.data)
            command: list[str | Path] = [
                binaries(user) / "pg_ctl",
                "-D",
                self.data,
                "-m",
                "fast",
                "-w",
            ]
            self._run(user, *command, "-t", str(int(timeout_seconds)), "stop")
            return True

    def connection_string(self, database: str, *, role: str = _SUPERUSER) -> str:
        """A libpq address over the private socket; the superuser's is for set-up only."""
        return psycopg.conninfo.make_conninfo(
            host=str(self.socket_dir), port=PORT, user=role, dbname=database
        )

    # Making

    def _prepare_folders(self, user: ServerUser | None) -> None:
        self.root.mkdir(mode=0o755 if user else 0o700, parents=True, exist_ok=True)
        self.socket_dir.mkdir(mode=0o700, exist_ok=True)
        owner = user.uid if user else os.geteuid()
        if user:
            self._let_in(user)
            for folder in (self.root, self.socket_dir):
                if folder.stat().st_uid == 0:
                    os.chown(folder, user.uid, user.gid)
                    folder.chmod(0o700)
        if self.socket_dir.is_symlink() or self.socket_dir.stat().st_uid != owner:
            raise HuitouError(f"{self.socket_dir} belongs to somebody else; remove it.")

    def _let_in(self, user: ServerUser) -> None:
        """Let the server's group, and nobody else, pass through root's closed data folder."""
        status = self.home.stat()
        if self.home in self.root.parents and status.st_uid == 0 and not status.st_mode & 0o001:
            os.chown(self.home, 0, user.gid)
            self.home.chmod(0o710)

    def _create_cluster(self, bin_dir: Path, user: ServerUser | None) -> None:
        version_file = self.data / "PG_VERSION"
        if version_file.exists():
            made_by, here = int(version_file.read_text()), major_version(bin_dir)
            if made_by != here:
                raise HuitouError(
                    f"{self.data} was made by PostgreSQL {made_by}, this is {here}; dump it with "
                    f"version {made_by} and load it again, or use it through DATABASE_URL."
                )
            return
        # Made aside and renamed, so that a killed initdb leaves nothing that looks finished.
        aside = self.root / "data.new"
        shutil.rmtree(aside, ignore_errors=True)
        command: list[str | Path] = [
            bin_dir / "initdb",
            "-D",
            aside,
            "-U",
            _SUPERUSER,
            "-E",
            "UTF8",
        ]
        command += ["--auth-local=trust", "--auth-host=reject", "--data-checksums"]
        # The builtin provider needs no ICU and sorts alike everywhere; a C locale would make
        # trigram search drop Chinese letters.
        command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
        if self.settings.get("fsync") == "off":
            command.append("--no-sync")
        self._run(user, *command)
        with (aside / "postgresql.conf").open("a") as handle:
            handle.write("\ninclude = 'huitou.conf'\n")
        aside.rename(self.data)

    def _write_settings(self, user: ServerUser | None) -> None:
        settings = {
            **self.settings,
            "cluster_name": self.name,
            "port": str(PORT),
            "unix_socket_directories": str(self.socket_dir),
            "dynamic_shared_memory_type": _shared_memory_type(),
        }
        # A file rather than options of pg_ctl: no quoting trouble with spaces in paths.
        file = self.data / "huitou.conf"
        lines = (f"{key} = '{value}'\n" for key, value in settings.items())
        file.write_text("".join(lines))
        if user:
            os.chown(file, user.uid, user.gid)
        log = self.root / "server.log"
        if log.exists() and log.stat().st_size > _LOG_BYTES_MAX:
            log.replace(log.with_suffix(".log.old"))

    def _create_role_and_database(self) -> None:
        stamp = self.data / "huitou.ready"
        digest = hashlib.sha256(repr(sorted(ROLE_SETTINGS.items())).encode()).hexdigest()
        if stamp.exists() and stamp.read_text() == digest:
            return
        role = sql.Identifier(APP_ROLE)
        with psycopg.connect(self.connection_string("postgres"), autocommit=True) as connection:
            if not _exists(connection, "SELECT 1 FROM pg_roles WHERE rolname = %s", APP_ROLE):
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
            for key, value in ROLE_SETTINGS.items():
                statement = sql.SQL("ALTER ROLE {} SET {} = {}")
                connection.execute(statement.format(role, sql.Identifier(key), sql.Literal(value)))
            if not _exists(
                connection, "SELECT 1 FROM pg_database WHERE datname = %s", APP_DATABASE
            ):
                statement = sql.SQL("CREATE DATABASE {} OWNER {}")
                connection.execute(statement.format(sql.Identifier(APP_DATABASE), role))
        stamp.write_text(digest)

    # Starting

    def _launch(self, bin_dir: Path, user: ServerUser | None, deadline: float) -> None:
        log = self.root / "server.log"
        while True:
            if self._postmaster() is None:
                self._remove_stale_files()
            seconds = str(max(1, int(deadline - time.monotonic())))
            command: list[str | Path] = [bin_dir / "pg_ctl", "-D", self.data, "-l", log]
            command += ["-w", "-t", seconds, "start"]
            try:
                self._run(user, *command)
            except HuitouError:
                # Another postmaster may be coming up or going down, or backends of a killed one
                # still hold its shared memory.
                if time.monotonic() > deadline:
                    raise
                if self._postmaster() is None and not self._end_orphans():
                    raise
                time.sleep(_POLL_SECONDS)
            if self.running():
                return

    def _remove_stale_files(self) -> None:
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (self.socket_dir / name).unlink(missing_ok=True)

    def _end_orphans(self) -> bool:
        """End backends of this cluster that outlived their postmaster; whether there were any."""
        prefix = f"postgres: {self.name}: "
        found = orphans = [pid for pid, title in _processes() if title.startswith(prefix)]
        deadline = time.monotonic() + _ORPHAN_GRACE_SECONDS
        while orphans:
            number = signal.SIGTERM if time.monotonic() < deadline else signal.SIGKILL
            for pid in orphans:
                _kill(pid, number)
            time.sleep(_POLL_SECONDS)
            orphans = [pid for pid in orphans if _state(pid) not in (None, "Z", "X")]
        return bool(found)

    def _postmaster(self) -> int | None:
        """The process id of this cluster's live postmaster.

        A zombie does not count: the first process of a container may never reap it. Neither does
        a foreign process that got the same number.
        """
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
        except (OSError, IndexError, ValueError):
            return None
        if not Path("/proc/self/stat").exists():  # macOS
            return pid if _kill(pid, 0) else None
        if _state(pid) in (None, "Z", "X"):
            return None
        return pid if str(self.data) in _command_line(pid) else None

    def _pid_file_status(self) -> str:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()[7].strip()
        except (OSError, IndexError):
            return ""

    # Running programs

    def _run(self, user: ServerUser | None, *args: str | Path) -> None:
        options: dict[str, Any] = {}
        if user:
            options = {"user": user.uid, "group": user.gid, "extra_groups": []}
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")}
        # A file, not a pipe: the server inherits it and a pipe would never see its end.
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [str(arg) for arg in args],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                cwd="/",
                check=False,
                **options,
            )
            output.seek(0)
            text = output.read()[-2000:]
        if done.returncode:
            program = Path(str(args[0])).name
            raise HuitouError(f"{program} failed:\n{text}{self._log_tail()}")

    def _log_tail(self) -> str:
        log = self.root / "server.log"
        return log.read_text(errors="replace")[-2000:] if log.exists() else ""

    @contextmanager
    def _lock(self) -> Iterator[None]:
        folder = self.home / "run"
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / "pg-server.lock").open("a") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield


def _exists(connection: psycopg.Connection[Any], query: str, value: str) -> bool:
    return connection.execute(query.encode(), [value]).fetchone() is not None


def _shared_memory_type() -> str:
    try:
        status = os.statvfs("/dev/shm")  # noqa: S108 - measured, never written to
    except OSError:
        return "sysv"
    enough = status.f_frsize * status.f_blocks >= _SHARED_MEMORY_MIN_BYTES
    return "posix" if enough else "mmap"


def _processes() -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").glob("[0-9]*"):
        yield int(entry.name), _command_line(int(entry.name))


def _command_line(pid: int) -> str:
    try:
        return (
            Path(f"/proc/{pid}/cmdline")
            .read_bytes()
            .replace(b"\0", b" ")
            .decode("utf-8", "replace")
        )
    except OSError:
        return ""


def _state(pid: int) -> str | None:
    """The process state letter; ``None`` when there is no such process."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (OSError, IndexError):
        return None


def _kill(pid: int, number: int) -> bool:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
