"""The embedded server, started, stopped and killed in every way."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from huitou.config import postgres
from huitou.config.database import SYSTEM_ROOT
from huitou.config.postgres import THROW_AWAY_SETTINGS, Cluster
from huitou.kernel.errors import HuitouError


def connected(cluster: Cluster, role: str = "huitou") -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(cluster.connection_string("huitou", role=role), autocommit=True)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data / "postmaster.pid").read_text().split()[0])


def kill_postmaster(cluster: Cluster) -> None:
    pid = postmaster(cluster)
    os.kill(pid, signal.SIGKILL)
    while postgres._state(pid) not in (None, "Z"):
        time.sleep(0.01)


def test_first_start_makes_an_ordinary_role_with_time_limits(cluster: Cluster) -> None:
    # when
    started = cluster.start()

    # then
    with connected(cluster) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb, rolcreaterole, current_setting('statement_timeout'),"
            " current_setting('lock_timeout'),"
            " current_setting('idle_in_transaction_session_timeout'),"
            " current_setting('listen_addresses')"
            " FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert started
    assert row == (False, False, False, "1min", "15s", "2min", "")


def test_second_start_finds_it_running(cluster: Cluster) -> None:
    # given
    cluster.start()

    # when, then
    assert cluster.start() is False
    assert cluster.running()
    assert cluster.stop() is True
    assert not cluster.running()
    assert cluster.stop() is False


def test_socket_is_closed_to_others(cluster: Cluster) -> None:
    # when
    cluster.start()

    # then
    assert cluster.socket_dir.stat().st_mode & 0o077 == 0
    assert cluster.data.stat().st_mode & 0o077 == 0
    assert cluster.home.stat().st_mode & 0o007 == 0


def test_killed_server_starts_again_with_its_data(fresh_home: Path) -> None:
    # given a cluster with crash safety on
    cluster = Cluster(fresh_home)
    cluster.start()
    with connected(cluster) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    kill_postmaster(cluster)

    # when
    cluster.start()

    # then
    with connected(cluster) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]


def test_backend_that_outlived_its_postmaster_is_ended(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a frozen session, which cannot notice that its postmaster died
    monkeypatch.setattr(postgres, "_ORPHAN_GRACE_SECONDS", 0.2)
    cluster.start()
    session = connected(cluster)
    backend = session.info.backend_pid
    os.kill(backend, signal.SIGSTOP)
    kill_postmaster(cluster)

    # when
    started = cluster.start()

    # then
    assert started
    assert postgres._state(backend) in (None, "Z")
    session.close()


def test_pid_file_naming_a_foreign_process_is_stale(cluster: Cluster) -> None:
    # given
    cluster.start()
    cluster.stop()
    foreign = subprocess.Popen(["sleep", "60"])
    (cluster.data / "postmaster.pid").write_text(f"{foreign.pid}\n{cluster.data}\n0\n5432\n")

    # when
    assert not cluster.running()
    started = cluster.start()

    # then
    assert started
    assert foreign.poll() is None
    foreign.kill()
    foreign.wait()


def test_killed_initdb_leaves_nothing_that_looks_finished(cluster: Cluster) -> None:
    # given
    half = cluster.root / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    # when
    started = cluster.start()

    # then
    assert started
    assert not half.exists()


def test_concurrent_starts_make_one_server(cluster: Cluster) -> None:
    # given
    code = (
        "import sys; from pathlib import Path; from huitou.config.postgres import Cluster;"
        "print(Cluster(Path(sys.argv[1]), settings={'fsync': 'off'}).start())"
    )
    command = [sys.executable, "-c", code, str(cluster.home)]

    # when
    starters = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    answers = sorted(starter.communicate()[0].strip() for starter in starters)

    # then
    assert answers == ["False", "False", "True"]


def test_cluster_of_another_major_version_is_refused(cluster: Cluster) -> None:
    # given
    cluster.start()
    cluster.stop()
    (cluster.data / "PG_VERSION").write_text("17\n")

    # when, then
    with pytest.raises(HuitouError, match="made by PostgreSQL 17, this is 18"):
        cluster.start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has folders its server cannot reach")
def test_data_folder_of_root_out_of_reach_keeps_the_cluster_in_var_lib() -> None:
    # given
    closed = Path(tempfile.mkdtemp(prefix="huitou-closed-")).resolve()
    home = closed / "home"
    home.mkdir(mode=0o700)
    cluster = Cluster(home, settings=THROW_AWAY_SETTINGS)

    # when
    cluster.start()

    # then
    assert cluster.root.parent == SYSTEM_ROOT
    assert closed.stat().st_mode & 0o777 == 0o700
    assert home.stat().st_mode & 0o777 == 0o700
    with connected(cluster) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    cluster.stop()
    shutil.rmtree(cluster.root)
    shutil.rmtree(closed)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_root_runs_the_server_of_a_persons_folder_as_that_person(cluster: Cluster) -> None:
    # given
    os.chown(cluster.home, 54321, 54321)

    # when, then: no passwd entry, so initdb says which user it cannot find
    with pytest.raises(HuitouError, match="54321"):
        cluster.start()
