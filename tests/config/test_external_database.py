"""``DATABASE_URL``: the commands on a server of the site's own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest

from huitou.config.database import cluster_root
from huitou.config.postgres import THROW_AWAY_SETTINGS, Cluster
from tests.config.test_up import free_port, started
from tests.leftovers import remove_home, temporary_home

PASSWORD = "p@ss/word"
Run = Callable[..., dict[str, Any]]


@dataclass(frozen=True)
class Site:
    """A PostgreSQL that is not Huitou's own, with an empty database ``crm`` of role ``site``."""

    by_network: str
    by_socket: str


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    home = temporary_home()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    cluster = Cluster(home, settings=THROW_AWAY_SETTINGS)
    cluster.start()
    address = cluster.connection_string("postgres")
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE site LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("CREATE DATABASE crm OWNER site")
        connection.execute("ALTER SYSTEM SET listen_addresses = '127.0.0.1'")
        connection.execute(f"ALTER SYSTEM SET port = {port}")
    cluster.stop()
    rules = cluster.data / "pg_hba.conf"
    rules.write_text("host all all 127.0.0.1/32 scram-sha-256\n" + rules.read_text())
    cluster.start()
    yield Site(
        f"postgresql://site:{quote(PASSWORD, safe='')}@127.0.0.1:{port}/crm?sslmode=disable",
        f"postgresql://site@/crm?host={cluster.socket_dir}&port={port}",
    )
    remove_home(home)


@pytest.fixture
def run(fresh_home: Path) -> Run:
    """Runs a command with ``--json`` at a database address and returns its answer."""

    def answer(address: str, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-m", "huitou", *arguments, "--json"],
            capture_output=True,
            text=True,
            env={**os.environ, "HUITOU_HOME": str(fresh_home), "DATABASE_URL": address},
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return answer


def test_commands_use_the_named_server_and_never_the_embedded_one(
    site: Site, run: Run, fresh_home: Path, samples: Path
) -> None:
    # when
    into = ("--brand", "b", "--shop", "s")
    brand = run(site.by_network, "brand", "create", "b", "--name", "B")
    run(site.by_socket, "shop", "create", "s", "--brand", "b", "--platform", "jd")
    batch = run(site.by_network, "import", str(samples / "jd_orders.csv"), *into)
    again = run(site.by_socket, "import", str(samples / "jd_orders.csv"), *into)
    fresh = run(site.by_network, "refresh", "--brand", "b", "--as-of", "2026-11-22")
    status = run(site.by_socket, "status")

    # then
    assert brand["slug"] == "b"
    assert (batch["orders"], batch["paid_minor"]) == (3, 70_600)
    assert (again["stored"], again["unchanged"]) == (0, again["rows"])
    assert fresh["brand"] == "b"
    assert (status["database"], status["database_running"]) == ("DATABASE_URL", None)
    assert not cluster_root(fresh_home).exists()


def test_up_runs_on_the_named_server(
    site: Site, fresh_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv("DATABASE_URL", site.by_socket)
    port = free_port()

    # when
    process = started(fresh_home, port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=10) as response:
        health = json.load(response)
    process.send_signal(signal.SIGINT)

    # then
    assert health == {"status": "ok", "database": True}
    assert process.wait(30) == 0
    assert not cluster_root(fresh_home).exists()


def test_a_server_that_is_not_there_is_a_failure_in_one_sentence(
    fresh_home: Path, tmp_path: Path
) -> None:
    # when
    done = subprocess.run(
        [sys.executable, "-m", "huitou", "brand", "list"],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "HUITOU_HOME": str(fresh_home),
            "DATABASE_URL": f"postgresql://site@/crm?host={tmp_path}",
        },
        timeout=60,
        check=False,
    )

    # then
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr
    assert not cluster_root(fresh_home).exists()
