"""What must stand before anybody signs in: schema, static files, the first staff member."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import huitou
from huitou.config.database import cluster_root, is_embedded

ADMIN_NAME = "admin"
_PACKAGE = Path(__file__).resolve().parent.parent
# Any number, as long as it stays: two starts must not migrate at once.
_MIGRATION_LOCK = 4_716_001


def set_up_django() -> None:
    """Load the settings and every room; safe to call again."""
    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "huitou.config.settings")
    django.setup()


def migrate(home: Path, *, trust_stamp: bool = False) -> bool:
    """Bring the schema up to date; returns whether anything was applied.

    With ``trust_stamp`` a note beside the embedded cluster that this version's migrations were
    applied is believed, which saves a command about a third of a second.
    """
    stamp = cluster_root(home) / "data" / "huitou.schema"
    version = _schema_version()
    if trust_stamp and is_embedded() and stamp.exists() and stamp.read_text() == version:
        return False

    from django.core.management import call_command
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    with _unlimited_time(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
        try:
            executor = MigrationExecutor(connection)
            plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
            if plan:
                call_command("migrate", interactive=False, verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [_MIGRATION_LOCK])
    if is_embedded():
        stamp.write_text(version)
    return bool(plan)


def collect_static(home: Path) -> bool:
    """Gather, compress and fingerprint the static files when they changed; whether they had."""
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    digest = hashlib.sha256(huitou.__version__.encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = os.stat(storage.path(name))
            digest.update(f"{name}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    stamp = home / "run" / "static"
    stamp.parent.mkdir(mode=0o700, exist_ok=True)
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return False
    stamp.unlink(missing_ok=True)
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    stamp.write_text(digest.hexdigest())
    return True


@dataclass(frozen=True)
class Login:
    """How to sign in; ``password`` is None when a person has changed it."""

    name: str
    password: str | None


def ensure_admin(home: Path) -> Login:
    """Make the first staff member with a random password, kept in ``keys/admin_password``."""
    from huitou.brands.models import Staff

    file = home / "keys" / "admin_password"
    staff = Staff.objects.filter(is_superuser=True).order_by("id").first()
    if staff is None:
        password = secrets.token_urlsafe(12)
        file.parent.mkdir(mode=0o700, exist_ok=True)
        file.unlink(missing_ok=True)
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as handle:
            handle.write(password)
        Staff.objects.create_superuser(ADMIN_NAME, password=password)
        return Login(ADMIN_NAME, password)
    password = file.read_text().strip() if file.exists() else ""
    return Login(staff.username, password if password and staff.check_password(password) else None)


def retry_abandoned_jobs() -> int:
    """Queue again the jobs a killed worker left behind; call it while no worker runs."""
    from asgiref.sync import async_to_sync
    from procrastinate.contrib.django import app

    async def retry() -> int:
        jobs = list(await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=0))
        for job in jobs:
            await app.job_manager.retry_job(job)
        return len(jobs)

    return async_to_sync(retry)()


@contextmanager
def _unlimited_time() -> Iterator[None]:
    """Lift the role's time limits, which a migration of a large table would pass."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        connection.close()


def _schema_version() -> str:
    from importlib.metadata import version

    files = sorted(str(f.relative_to(_PACKAGE)) for f in _PACKAGE.glob("*/migrations/*.py"))
    others = [version("Django"), version("procrastinate")]
    return hashlib.sha256(json.dumps([files, others]).encode()).hexdigest()
