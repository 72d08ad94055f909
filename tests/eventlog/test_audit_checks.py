"""Checks of the audit log are kept, and each begins where the last one ended."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from huitou.eventlog import audit_chain
from huitou.eventlog.audit_chain import Head
from huitou.eventlog.audit_checks import CheckView, check_log, latest_check
from huitou.eventlog.models import AuditCheck
from tests.eventlog.test_audit_chain import fill, tamper

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)
LATER = NOW.replace(hour=5)


@pytest.fixture(autouse=True)
def _empty() -> None:
    tamper("delete from eventlog_auditlink", "delete from eventlog_auditentry")
    AuditCheck.objects.all().delete()


def test_a_check_is_kept_with_its_time() -> None:
    # given
    never = latest_check()
    fill(3)

    # when
    verdict = check_log(now=NOW)

    # then
    assert never is None
    assert verdict.head is not None
    head = f"3:{verdict.head.hash}"
    assert latest_check() == CheckView(NOW, 3, 0, head, None, "")


def test_an_end_that_was_cut_off_is_missed_by_the_next_check() -> None:
    # given
    last = fill(3)[-1]
    check_log(now=NOW)
    tamper(
        f"delete from eventlog_auditlink where entry_id = {last}",
        f"delete from eventlog_auditentry where id = {last}",
    )

    # when
    verdict = check_log(now=LATER)

    # then
    assert not verdict.is_whole
    assert verdict.problem.startswith("link 3 ")
    found = latest_check()
    assert found is not None
    assert (found.at, found.checked, found.is_whole) == (LATER, 2, False)
    # and it stays missed
    assert not check_log(now=LATER).is_whole


def test_another_head_may_be_named() -> None:
    fill(2)
    whole = check_log(now=NOW)

    assert check_log(now=NOW, expected=whole.head).is_whole
    assert not check_log(now=NOW, expected=Head(1, "0" * 64)).is_whole


def test_progress_is_told_on_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_chain, "_CHUNK", 2)
    fill(5)
    heard: list[int] = []

    check_log(now=NOW, progress=heard.append)

    assert heard == [2, 4]
