"""The chain names the first entry that was changed, removed or put in."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.eventlog.audit import Actor, record_access
from huitou.eventlog.audit_chain import Head, chain_entries, verify_chain

pytestmark = pytest.mark.django_db(transaction=True)
WHO = Actor("staff", id=1, name="lin")


def fill(count: int) -> list[int]:
    """Entries of ``count`` looks, linked; their ids in order."""
    for number in range(count):
        record_access(WHO, "members.phone", [number], "why")
    chain_entries()
    with connection.cursor() as cursor:
        cursor.execute("select entry_id from eventlog_auditlink order by seq")
        return [row[0] for row in cursor.fetchall()]


def tamper(*statements: str) -> None:
    """Do what the triggers refuse, as somebody with the rights of the database would."""
    with connection.cursor() as cursor:
        for table in ("eventlog_auditentry", "eventlog_auditlink"):
            cursor.execute(f"alter table {table} disable trigger all")
        for statement in statements:
            cursor.execute(statement)
        for table in ("eventlog_auditentry", "eventlog_auditlink"):
            cursor.execute(f"alter table {table} enable trigger all")


@pytest.fixture(autouse=True)
def _empty() -> None:
    tamper("delete from eventlog_auditlink", "delete from eventlog_auditentry")


def test_a_log_left_alone_is_whole() -> None:
    # given
    fill(3)
    record_access(WHO, "members.phone", [9], "not linked yet")

    # when
    verdict = verify_chain()

    # then
    assert (verdict.is_whole, verdict.checked, verdict.waiting) == (True, 3, 1)


def test_chaining_again_goes_on_where_it_stopped() -> None:
    # given
    first = fill(2)

    # then
    assert chain_entries() == 0
    assert fill(2)[:2] == first
    assert verify_chain().checked == 4


def test_an_empty_log_is_whole() -> None:
    assert (verify_chain().is_whole, verify_chain().head) == (True, None)


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        ("update eventlog_auditentry set reason = 'other' where id = {id}", "changed"),
        ("update eventlog_auditentry set row_count = 2 where id = {id}", "changed"),
        ("update eventlog_auditentry set changes = '{{}}' where id = {id}", "changed"),
        ("update eventlog_auditentry set at = at + '1 us' where id = {id}", "changed"),
        ("update eventlog_auditentry set row_id = '' where id = {id}", "changed"),
        ("delete from eventlog_auditentry where id = {id}", "deleted"),
        ("delete from eventlog_auditlink where entry_id = {id}", "missing"),
        (
            "update eventlog_auditlink set hash = sha256('x') where entry_id = {id}",
            "changed",
        ),
    ],
)
def test_the_first_broken_entry_is_named(statement: str, problem: str) -> None:
    # given
    ids = fill(5)

    # when
    tamper(statement.format(id=ids[2]))
    verdict = verify_chain()

    # then
    named = ids[3] if problem == "missing" else ids[2]
    assert (verdict.is_whole, verdict.broken_entry) == (False, named)
    assert problem in verdict.problem


def test_an_entry_put_in_among_the_linked_is_found() -> None:
    # given
    ids = fill(3)

    # when
    tamper(
        "insert into eventlog_auditentry select 1000000, generation, xid, at, actor_kind,"
        " actor_id, actor_name, request_id, 'forged', brand_id, table_name, row_id, operation,"
        f" row_count, changes from eventlog_auditentry where id = {ids[0]}"
    )

    # then
    assert verify_chain().broken_entry == 1_000_000


def test_a_log_cut_off_at_the_end_misses_the_head_kept_elsewhere() -> None:
    # given
    ids = fill(3)
    head = verify_chain().head

    # when
    tamper(
        f"delete from eventlog_auditlink where entry_id = {ids[2]}",
        f"delete from eventlog_auditentry where id = {ids[2]}",
    )

    # then
    assert head is not None
    assert verify_chain().is_whole
    assert not verify_chain(expected=head).is_whole
    assert verify_chain(expected=Head(1, head.hash)).problem.startswith("link 1")


def test_a_late_commit_is_linked_and_holds_nobody_up() -> None:
    # given: a transaction that has written and is still open
    written, finish = threading.Event(), threading.Event()

    def late() -> None:
        with transaction.atomic():
            record_access(WHO, "members.phone", [1], "late")
            written.set()
            finish.wait(20)
        connection.close()

    thread = threading.Thread(target=late)
    thread.start()
    written.wait(20)
    record_access(WHO, "members.phone", [2], "early")

    # when
    before = chain_entries()
    finish.set()
    thread.join()
    after = chain_entries()

    # then
    assert (before, after) == (0, 2)
    assert verify_chain().is_whole


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    batches=st.lists(st.integers(1, 4), min_size=1, max_size=4),
    victim=st.integers(0, 15),
    column=st.sampled_from(["reason", "actor_name", "table_name", "request_id", "operation"]),
)
def test_whatever_the_batches_any_change_is_found_at_its_place(
    batches: list[int], victim: int, column: str
) -> None:
    # given
    tamper("delete from eventlog_auditlink", "delete from eventlog_auditentry")
    for count in batches:
        ids = fill(count)
    assert verify_chain().is_whole

    # when
    chosen = ids[victim % len(ids)]
    tamper(f"update eventlog_auditentry set {column} = {column} || 'x' where id = {chosen}")

    # then
    assert verify_chain().broken_entry == chosen
