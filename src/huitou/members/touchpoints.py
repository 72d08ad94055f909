"""Where a brand meets its members, and every meeting; the earliest is the first source."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db import IntegrityError, connection, transaction
from django.db.models import Count, F, Q, Window
from django.db.models.functions import RowNumber

from huitou.eventlog.services import append
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Direction, Touch, Touchpoint, TouchpointKind
from huitou.members.ownership import Accounts, owners, require_members

NAME_CHARS_MAX = 80
NOTE_CHARS_MAX = 200
SUMMARY_CHARS_MAX = 500
SOURCE_ID_CHARS_MAX = 80
TOUCHPOINTS_MAX = 500
_CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")


@dataclass(frozen=True)
class TouchpointView:
    """A touchpoint; ``touches`` counts what happened there."""

    id: int
    code: str
    name: str
    kind: str
    note: str
    is_retired: bool
    touches: int


@dataclass(frozen=True)
class Met:
    """A meeting with a member; ``source_id`` is what the source calls it, for telling it once."""

    member_id: int
    touchpoint: str
    at: datetime
    direction: str = "in"
    summary: str = ""
    source_id: str = ""


@dataclass(frozen=True)
class TouchView:
    """One meeting; ``is_first`` marks where the brand first met the member."""

    at: datetime
    touchpoint: str
    kind: str
    direction: str
    summary: str
    staff: str
    is_first: bool


def add_touchpoint(*, brand_id: int, code: str, name: str, kind: str, note: str = "") -> int:
    """Add a place where the brand meets members; returns its id.

    Raises ``RefusedInputError`` with the code ``TOUCHPOINT_CODE``, ``NAME``, ``TOUCHPOINT_KIND``,
    ``NOTE``, ``TOUCHPOINTS_MAX`` or ``TOUCHPOINT_EXISTS``.
    """
    if not _CODE.match(code):
        raise RefusedInputError(
            "TOUCHPOINT_CODE", f"{code!r} is not a code: lower-case letters, digits, - and _."
        )
    if kind not in TouchpointKind.values:
        raise RefusedInputError(
            "TOUCHPOINT_KIND", f"{kind!r} is not one of: {', '.join(TouchpointKind.values)}."
        )
    cleaned = name.strip()
    if not cleaned or len(cleaned) > NAME_CHARS_MAX or not cleaned.isprintable():
        raise RefusedInputError("NAME", f"A name has 1 to {NAME_CHARS_MAX} printable characters.")
    if len(note) > NOTE_CHARS_MAX:
        raise RefusedInputError("NOTE", f"A note has at most {NOTE_CHARS_MAX} characters.")
    if Touchpoint.objects.filter(brand_id=brand_id).count() >= TOUCHPOINTS_MAX:
        raise RefusedInputError("TOUCHPOINTS_MAX", f"A brand keeps {TOUCHPOINTS_MAX} at most.")
    try:
        with transaction.atomic():
            return Touchpoint.objects.create(
                brand_id=brand_id, code=code, name=cleaned, kind=kind, note=note.strip()
            ).pk
    except IntegrityError as error:
        raise RefusedInputError(
            "TOUCHPOINT_EXISTS", f"The brand has a touchpoint {code!r} already."
        ) from error


def touchpoints(brand_id: int, *, counted: bool = False) -> list[TouchpointView]:
    """Every touchpoint of the brand, by name; ``touches`` is counted when asked, else 0."""
    rows = Touchpoint.objects.filter(brand_id=brand_id).order_by("name", "id")
    counts: dict[int, int] = {}
    if counted:
        happened = Touch.objects.filter(touchpoint__brand_id=brand_id)
        counts = dict(happened.values_list("touchpoint_id").annotate(n=Count("id")))
    return [
        TouchpointView(
            row.pk, row.code, row.name, row.kind, row.note,
            row.retired_at is not None, counts.get(row.pk, 0),
        )
        for row in rows
    ]  # fmt: skip


def retire_touchpoint(*, brand_id: int, code: str, now: datetime | None) -> None:
    """Offer the touchpoint nowhere any more; its touches stay. ``now`` None takes it back.

    Raises ``RefusedInputError`` with the code ``TOUCHPOINT``.
    """
    if not Touchpoint.objects.filter(brand_id=brand_id, code=code).update(retired_at=now):
        raise RefusedInputError("TOUCHPOINT", f"The brand has no touchpoint {code!r}.")


@transaction.atomic
def record_touches(
    *, brand_id: int, met: Sequence[Met], now: datetime, staff_id: int | None = None
) -> int:
    """Record meetings; returns how many are new, those with a known ``source_id`` are not.

    All or nothing: raises ``RefusedInputError`` with the code ``TOUCHPOINT``, ``MEMBER``,
    ``FUTURE``, ``DIRECTION``, ``SUMMARY`` or ``SOURCE_ID``.
    """
    require_members(brand_id, {touch.member_id for touch in met})
    known = {t.code: t.id for t in touchpoints(brand_id) if not t.is_retired}
    for touch in met:
        _check(touch, known, now)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            insert into members_touch
              (account_id, touchpoint_id, at, direction, summary, source_id, staff_id)
            select s.account, s.touchpoint, s.at, s.direction, s.summary, s.source_id, %s
            from unnest(%s::bigint[], %s::bigint[], %s::timestamptz[], %s::text[], %s::text[],
                        %s::text[]) as s(account, touchpoint, at, direction, summary, source_id)
            on conflict do nothing returning account_id
            """,
            [
                staff_id,
                [touch.member_id for touch in met],
                [known[touch.touchpoint] for touch in met],
                [touch.at for touch in met],
                [touch.direction for touch in met],
                [touch.summary.strip() for touch in met],
                [touch.source_id for touch in met],
            ],
        )
        touched = [row[0] for row in cursor.fetchall()]
    append(
        brand_id=brand_id,
        kind="members.touched",
        subject_ids=sorted(set(touched)),
        occurred_at=now,
        origin="live",
    )
    return len(touched)


def _check(touch: Met, known: dict[str, int], now: datetime) -> None:
    if touch.touchpoint not in known:
        raise RefusedInputError(
            "TOUCHPOINT", f"The brand has no touchpoint {touch.touchpoint!r} in use."
        )
    if touch.at > now:
        raise RefusedInputError("FUTURE", "A meeting cannot be from after now.")
    if touch.direction not in Direction.values:
        raise RefusedInputError("DIRECTION", "The direction is in or out.")
    if len(touch.summary) > SUMMARY_CHARS_MAX:
        raise RefusedInputError("SUMMARY", f"A summary has at most {SUMMARY_CHARS_MAX} characters.")
    if len(touch.source_id) > SOURCE_ID_CHARS_MAX:
        raise RefusedInputError(
            "SOURCE_ID", f"A source's id has at most {SOURCE_ID_CHARS_MAX} characters."
        )


def touches(brand_id: int, accounts: Accounts, *, limit: int = 10) -> dict[int, list[TouchView]]:
    """The first touch of each member and the newest others, ``limit`` in all, newest first."""
    member_of = owners(accounts)
    rows = (
        Touch.objects.filter(touchpoint__brand_id=brand_id, account_id__in=list(member_of))
        .annotate(
            newest=Window(
                RowNumber(), partition_by="account_id", order_by=[F("at").desc(), F("id").desc()]
            ),
            oldest=Window(
                RowNumber(), partition_by="account_id", order_by=[F("at").asc(), F("id").asc()]
            ),
        )
        .filter(Q(newest__lte=limit) | Q(oldest=1))
    )
    heard: dict[int, list[tuple[datetime, int, TouchView]]] = {}
    for account, pk, at, name, kind, direction, summary, staff in rows.values_list(
        "account_id", "id", "at", "touchpoint__name", "touchpoint__kind", "direction", "summary",
        "staff__username",
    ):  # fmt: skip
        touch = TouchView(at, name, kind, direction, summary, staff or "", is_first=False)
        heard.setdefault(member_of[account], []).append((at, pk, touch))
    return {member: _newest_and_first(found, limit) for member, found in heard.items()}


def _newest_and_first(found: list[tuple[datetime, int, TouchView]], limit: int) -> list[TouchView]:
    ordered = [touch for _, _, touch in sorted(found, key=lambda row: row[:2], reverse=True)]
    *later, first = ordered
    return [*later[: max(limit - 1, 0)], replace(first, is_first=True)]
