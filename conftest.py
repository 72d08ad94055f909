"""The ground every test stands on: a data folder and a PostgreSQL of this test run's own.

Lives at the root so that doctests under ``src`` stand on it too. The variables are set on import,
before Django reads its settings; each pytest-xdist worker is a process with its own of both.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import django
import pytest
from django.conf import settings

from huitou.config.translations import compile_translations
from tests.leftovers import remove_leftovers, temporary_home

if "PYTEST_XDIST_WORKER" not in os.environ:
    remove_leftovers()
HOME = temporary_home()
os.environ["HUITOU_HOME"] = str(HOME)
os.environ["DJANGO_SETTINGS_MODULE"] = "huitou.config.settings"


# Speed where no test looks: password hashing, hashed static names.
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
settings.STORAGES = {
    **settings.STORAGES,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
settings.DATABASES["default"]["CONN_MAX_AGE"] = 0
# WhiteNoise warns about a folder that collectstatic has not made yet, and warnings are errors here.
settings.STATIC_ROOT.mkdir(exist_ok=True)
# A fresh checkout has no compiled translations.
compile_translations()
# Models must be importable when the conftest files below are read.
django.setup()
# The workers of pytest-xdist inherit the environment; with this variable they would read the
# settings before their own data folder is named above.
del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind."""
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_modify_db_settings() -> Iterator[None]:
    """Run one embedded PostgreSQL for the session, unless ``DATABASE_URL`` names another."""
    if os.environ.get("DATABASE_URL"):
        yield
        return
    import psycopg

    from huitou.config.postgres import THROW_AWAY_SETTINGS, Cluster

    cluster = Cluster(HOME, settings=THROW_AWAY_SETTINGS)
    cluster.start()
    with psycopg.connect(cluster.connection_string("postgres"), autocommit=True) as connection:
        connection.execute("ALTER ROLE huitou CREATEDB")  # pytest-django makes its own database
    yield
    cluster.stop()
    shutil.rmtree(cluster.root, ignore_errors=True)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let tests of several transactions empty their tables, the audit log among them."""
    from django.db import connection

    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "select tgrelid::regclass::text, tgname from pg_trigger"
            " where not tgisinternal and tgname like 'audit\\_%%' and tgtype & 32 > 0"
            " and tgrelid::regclass::text not like '%%audit%%'"
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"drop trigger {name} on {table}")
        for table in ("eventlog_auditentry", "eventlog_auditlink"):
            cursor.execute(
                f"drop trigger audit_append_only on {table};"
                f" create trigger audit_append_only before update or delete on {table}"
                " for each statement execute function eventlog_audit_append_only()"
            )
