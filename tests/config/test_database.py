"""Which PostgreSQL is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.config.database import database_settings, socket_dir
from huitou.kernel.errors import RefusedInputError


def test_database_url_names_any_server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # given
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:p%40ss@db.example:6543/crm")

    # when
    found = database_settings(tmp_path)

    # then
    keys = ("HOST", "PORT", "NAME", "USER", "PASSWORD")
    assert [found[key] for key in keys] == ["db.example", "6543", "crm", "me", "p@ss"]


def test_database_url_may_name_a_socket_and_libpq_parameters(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # given
    url = "postgres://me@/crm?host=/run/postgresql&sslmode=verify-full&connect_timeout=3"
    monkeypatch.setenv("DATABASE_URL", url)

    # when
    found = database_settings(tmp_path)

    # then
    keys = ("HOST", "PORT", "NAME", "USER", "PASSWORD")
    assert [found[key] for key in keys] == ["/run/postgresql", "5432", "crm", "me", ""]
    assert found["OPTIONS"] == {"sslmode": "verify-full", "connect_timeout": "3"}


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a@b/c",
        "postgresql://host",
        "nonsense",
        "dbname=crm",
        "postgresql://a:secret@b:port/c",
        "postgresql://a:secret@b/c?nonsense=1",
    ],
)
def test_other_addresses_are_refused_without_repeating_a_password(
    url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(RefusedInputError, match="must look like postgresql://") as refusal:
        database_settings(tmp_path)
    assert "secret" not in str(refusal.value)


def test_socket_path_stays_within_the_systems_limit(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    assert len(str(socket_dir(deep) / ".s.PGSQL.5432.lock")) < 104
