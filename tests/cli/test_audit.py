"""``huitou audit verify`` says whether the log is whole."""

from __future__ import annotations

import pytest
from django.db import connection

from huitou.brands.models import Brand
from huitou.eventlog.audit import Actor, record_access
from tests.cli.conftest import Run


@pytest.fixture
def linked(transactional_db: None, brand: Brand) -> int:
    """An entry of the log, which ``verify`` will link first; its id."""
    record_access(Actor("staff", id=1), "members.phone", [1], "why", brand_id=brand.pk)
    with connection.cursor() as cursor:
        cursor.execute("select max(id) from eventlog_auditentry")
        return int(cursor.fetchone()[0])


def test_a_whole_log_exits_with_0_and_gives_its_head(run: Run, linked: int) -> None:
    # when
    done = run("audit", "verify", "--json")

    # then
    assert (done.code, done.json["whole"], done.json["broken_entry"]) == (0, True, None)
    assert run("audit", "verify", "--head", done.json["head"]).code == 0
    assert run("audit", "verify", "--head", "1:" + "0" * 64).code == 1


def test_a_changed_entry_exits_with_1_and_is_named(run: Run, linked: int) -> None:
    # given
    run("audit", "verify")
    with connection.cursor() as cursor:
        cursor.execute("alter table eventlog_auditentry disable trigger all")
        cursor.execute("update eventlog_auditentry set reason = 'x' where id = %s", [linked])
        cursor.execute("alter table eventlog_auditentry enable trigger all")

    # when
    done = run("audit", "verify")

    # then
    assert done.code == 1
    assert f"broken at entry {linked}" in done.out


def test_a_malformed_head_is_refused(run: Run) -> None:
    assert run("audit", "verify", "--head", "1").code == 2
