"""Verifying the audit log, with what was found kept: the next check begins where this one ended.

A log whose end was cut off is whole by itself; it lacks the head an earlier check has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from huitou.eventlog.audit_chain import Head, Verdict, chain_entries, verify_chain
from huitou.eventlog.models import AuditCheck


@dataclass(frozen=True)
class CheckView:
    """The latest check: ``checked`` links held at ``at``; ``head`` as ``SEQ:HASH``, or ''."""

    at: datetime
    checked: int
    waiting: int
    head: str
    broken_entry: int | None
    problem: str

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed, removed or put in."""
        return not self.problem


def check_log(
    *,
    now: datetime,
    expected: Head | None = None,
    progress: Callable[[int], None] | None = None,
) -> Verdict:
    """Link what waits, recompute the whole chain, and keep what was found as of ``now``.

    Without ``expected`` the head of the latest check that found the log whole must still be there.
    """
    chain_entries()
    verdict = verify_chain(expected=expected or _last_head(), progress=progress)
    AuditCheck.objects.create(
        at=now,
        checked=verdict.checked,
        waiting=verdict.waiting,
        head_hash=verdict.head.hash if verdict.head else "",
        broken_entry=verdict.broken_entry,
        problem=verdict.problem,
    )
    return verdict


def latest_check() -> CheckView | None:
    """What the latest check found; None before the first."""
    row = AuditCheck.objects.order_by("-id").first()
    if row is None:
        return None
    head = f"{row.checked}:{row.head_hash}" if row.head_hash else ""
    return CheckView(row.at, row.checked, row.waiting, head, row.broken_entry, row.problem)


def _last_head() -> Head | None:
    whole = AuditCheck.objects.filter(problem="").exclude(head_hash="").order_by("-id").first()
    return Head(whole.checked, whole.head_hash) if whole else None
