"""Growing waits after failures to sign in, per account, per code and per address.

An attempt is claimed before the password is looked at: forty at once get the same few tries as
forty in a row. Success gives the claim back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction

from huitou.brands.models import Lockout

# Failures a forgetful person may make before the first wait.
ACCOUNT_FREE = 5
# Many people may sit behind one address of an office.
ADDRESS_FREE = 30
WAIT_FIRST_SECONDS = 30
# Long enough against guessing (24 tries a day), short enough for the rightful owner.
WAIT_MAX_SECONDS = 3600
_FORGET_HOURS = 24


@dataclass(frozen=True)
class Door:
    """What is counted: ``key`` names it, ``free`` failures cost no wait."""

    key: str
    free: int


def account_door(username: str) -> Door:
    """The account, whether or not it exists, however its letters are written."""
    return Door(f"account:{username.casefold()[:150]}", ACCOUNT_FREE)


def code_door(staff_id: int) -> Door:
    """The second factor of one person."""
    return Door(f"code:{staff_id}", ACCOUNT_FREE)


def address_door(address: str) -> Door:
    """The network address the request came from."""
    return Door(f"address:{address[:45]}", ADDRESS_FREE)


def wait_seconds(failures: int, free: int) -> int:
    """How long to wait after ``failures`` in a row, of which ``free`` cost nothing.

    >>> [wait_seconds(n, 5) for n in (4, 5, 6, 7, 12, 40)]
    [0, 30, 60, 120, 3600, 3600]
    """
    if failures < free:
        return 0
    return min(WAIT_FIRST_SECONDS << min(failures - free, 20), WAIT_MAX_SECONDS)


def claim_attempt(*doors: Door, now: datetime) -> datetime | None:
    """Count one attempt at every door as a failure; returns None when it may go on.

    Otherwise the moment until which to wait, and nothing is counted.
    """
    for place, door in enumerate(doors):
        if not _claim(door, now):
            for earlier in doors[:place]:
                _give_back(earlier)
            until = Lockout.objects.filter(key=door.key).values_list("locked_until", flat=True)
            return until.first() or now
    return None


def succeed(*, forget: Door, give_back: Door | None = None) -> None:
    """The attempt was right: forget the failures of one door, take back one of the other.

    An address keeps its other failures: its owner may know one password and guess the rest.
    """
    Lockout.objects.filter(key=forget.key).delete()
    if give_back:
        _give_back(give_back)


def unlock(*, username: str, staff_id: int) -> bool:
    """Forget the failures of an account and its codes; whether there were any."""
    keys = [account_door(username).key, code_door(staff_id).key]
    return bool(Lockout.objects.filter(key__in=keys).delete()[0])


def locked_names(now: datetime) -> set[str]:
    """The keys that have to wait at ``now``."""
    return set(Lockout.objects.filter(locked_until__gt=now).values_list("key", flat=True))


def _claim(door: Door, now: datetime) -> bool:
    # One transaction: who waits for the row lock sees the wait this failure brought.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            """
            insert into brands_lockout as l (key, failures, last_at, locked_until)
            values (%(key)s, 1, %(now)s, null)
            on conflict (key) do update set
                failures = case when l.last_at < %(forget)s then 1 else l.failures + 1 end,
                last_at = %(now)s
            where l.locked_until is null or l.locked_until <= %(now)s
            returning failures
            """,
            {"key": door.key, "now": now, "forget": now - timedelta(hours=_FORGET_HOURS)},
        )
        row = cursor.fetchone()
        if row is None:
            return False
        seconds = wait_seconds(row[0], door.free)
        if seconds:
            cursor.execute(
                "update brands_lockout set locked_until = %s where key = %s",
                [now + timedelta(seconds=seconds), door.key],
            )
    return True


def _give_back(door: Door) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "update brands_lockout set failures = greatest(failures - 1, 0),"
            " locked_until = case when failures > %s then locked_until end where key = %s",
            [door.free, door.key],
        )
