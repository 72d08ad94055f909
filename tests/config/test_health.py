"""What a watcher asks."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client


def test_healthz_answers_without_a_login(db: None) -> None:
    # when
    response = Client().get("/healthz")

    # then
    assert (response.status_code, response.json()) == (200, {"status": "ok", "database": True})
    assert "no-store" in response.headers["Cache-Control"]


def test_healthz_says_when_the_database_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    def gone() -> None:
        raise OperationalError("connection refused by db.internal")

    monkeypatch.setattr(connection, "cursor", gone)

    # when
    response = Client().get("/healthz")

    # then
    assert response.status_code == 503
    assert response.json() == {"status": "unavailable", "database": False}


def test_healthz_is_only_read() -> None:
    assert Client().post("/healthz").status_code == 405
