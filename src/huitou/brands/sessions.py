"""The browsers a person is signed in with."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction

from huitou.brands.models import Staff, StaffSession


@dataclass(frozen=True)
class SessionView:
    """A signed-in browser as its owner sees it."""

    key: str
    address: str
    agent: str
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


def record_session(
    *, staff: Staff, session_key: str, address: str, agent: str, now: datetime
) -> None:
    """Remember that ``staff`` signed in with this browser."""
    StaffSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "staff": staff,
            "address": address[:45],
            "agent": agent[:200],
            "created_at": now,
            "last_seen_at": now,
        },
    )


def touch_session(*, session_key: str, now: datetime) -> None:
    """Remember that the browser was used."""
    StaffSession.objects.filter(session_key=session_key).update(last_seen_at=now)


def sessions_of(staff: Staff, *, current: str, now: datetime) -> list[SessionView]:
    """The living sessions of ``staff``, last used first."""
    alive = Session.objects.filter(expire_date__gt=now).values("session_key")
    return [
        SessionView(
            s.session_key,
            s.address,
            s.agent,
            s.created_at,
            s.last_seen_at,
            s.session_key == current,
        )
        for s in StaffSession.objects.filter(staff=staff, session_key__in=alive).order_by(
            "-last_seen_at"
        )
    ]


@transaction.atomic
def end_sessions(*, staff: Staff, keep: str | None = None) -> int:
    """Sign ``staff`` out everywhere but in the session ``keep``; how many sessions ended."""
    mine = StaffSession.objects.filter(staff=staff).exclude(session_key=keep or "")
    keys = list(mine.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    mine.delete()
    return len(keys)
