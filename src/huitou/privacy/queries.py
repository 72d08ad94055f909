"""Reads of privacy for the doors: the map as rows, and the requests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from huitou.privacy.models import PrivacyRequest
from huitou.privacy.retention import rules
from huitou.privacy.steps import steps
from huitou.vault.personal import Personal, tables


@dataclass(frozen=True)
class MapRow:
    """One column of personal data.

    ``kept`` is ``sealed``, ``pseudonym`` (of what lies sealed beside it), or '' for as it is;
    ``retention_days`` None: as long as the person is known.
    """

    table: str
    about: tuple[str, str]
    column: str
    category: str
    kept: str
    shown: str
    erase: str
    retention_days: int | None


@dataclass(frozen=True)
class RequestView:
    """A request as a page shows it; ``touched`` counts rows and files."""

    id: int
    kind: str
    state: str
    reason: str
    problem: str
    requested_by: str
    touched: int
    steps_done: int
    steps: int
    created_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True)
class RetentionRule:
    """How long something is kept; ``keeps_row``: the row stays, its content goes."""

    name: str
    about: tuple[str, str]
    days: int
    keeps_row: bool


def personal_columns() -> list[MapRow]:
    """Every declared column of personal data, by table in the order of the rooms."""
    return [
        MapRow(
            table.table,
            table.about,
            column,
            personal.category.value,
            _kept(column, personal),
            personal.shown.value,
            "delete" if table.delete else personal.erase.value,
            table.retention.days if table.retention else None,
        )
        for table in tables().values()
        for column, personal in table.personal.items()
    ]


def _kept(column: str, personal: Personal) -> str:
    if not personal.sealed:
        return ""
    return "sealed" if personal.sealed == column else "pseudonym"


def retention_rules() -> list[RetentionRule]:
    """Every rule of retention."""
    return [RetentionRule(*rule) for rule in rules()]


def recent_requests(brand_id: int, *, limit: int) -> list[RequestView]:
    """The newest requests of the brand, newest first."""
    found = PrivacyRequest.objects.filter(brand_id=brand_id).select_related("requested_by")
    return [_view(request) for request in found.order_by("-id")[:limit]]


def _view(request: PrivacyRequest) -> RequestView:
    by = request.requested_by
    return RequestView(
        id=request.pk,
        kind=request.kind,
        state=request.state,
        reason=request.reason,
        problem=request.problem,
        requested_by=(by.display_name or by.username) if by else "",
        touched=sum(sum(counts.values()) for counts in request.effect.values()),
        steps_done=len(request.steps_done),
        steps=len(steps()),
        created_at=request.created_at,
        finished_at=request.finished_at,
    )
