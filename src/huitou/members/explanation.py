"""Why accounts are one person, and what waits for somebody to decide: plain values to show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from huitou.kernel.lunar import stored_lunar_day
from huitou.members.birthdays import lunar_words
from huitou.members.models import (
    NAMED_PHONE,
    Conflict,
    Identity,
    IdentityEdge,
    Member,
    OverusedKey,
    ReviewState,
    Suggestion,
)
from huitou.members.queries import masked, shown_value
from huitou.members.unification import policy_of

# Evidence beyond this is history for an export, not for a page.
_EDGES_MAX = 200


@dataclass(frozen=True)
class Account:
    """An account of a person with the key that owns it, masked when that reaches them."""

    id: int
    public_id: UUID
    name: str
    platform: str
    kind: str
    value: str
    created_at: datetime

    @property
    def number(self) -> str:
        """The short number people read out."""
        return self.public_id.hex[:8].upper()


@dataclass(frozen=True)
class SharedKey:
    """A key that several accounts have; it merges them unless it is ``void``."""

    kind: str
    value: str
    name: str
    account_ids: tuple[int, ...]


@dataclass(frozen=True)
class Evidence:
    """One edge: two accounts, what was found or decided of them, when, by whom or what."""

    at: datetime
    verdict: str
    rule: str
    a_id: int
    b_id: int
    confidence: float
    reason: str
    actor: str
    source_ref: int | None


@dataclass(frozen=True)
class Explanation:
    """A person: their accounts, the keys these share, and the evidence, newest first."""

    member_id: int
    accounts: list[Account]
    keys: list[SharedKey]
    evidence: list[Evidence]


def explain(brand_id: int, member_id: int) -> Explanation:
    """Why the accounts of a member are one person."""
    wanted = Q(pk=member_id) | Q(merged_into_id=member_id)
    ids = list(
        Member.objects.filter(wanted, brand_id=brand_id).order_by("id").values_list("id", flat=True)
    )
    return Explanation(
        member_id, accounts(brand_id, ids), _shared(brand_id, ids), _evidence(brand_id, ids)
    )


def accounts(brand_id: int, account_ids: Sequence[int]) -> list[Account]:
    """The accounts with the key that owns each, in the order of their ids."""
    owned = Identity.objects.filter(member_id__in=account_ids, owns=True).order_by("-id")
    owner = {identity.member_id: identity for identity in owned}
    found = []
    for member in Member.objects.filter(brand_id=brand_id, pk__in=account_ids).order_by("id"):
        key = owner.get(member.pk)
        found.append(
            Account(
                id=member.pk,
                public_id=member.public_id,
                name=member.name,
                platform=key.platform if key else "",
                kind=key.kind if key else "",
                value=shown_value(key.kind, key.clear) if key else "",
                created_at=member.created_at,
            )
        )
    return found


def _shared(brand_id: int, account_ids: Sequence[int]) -> list[SharedKey]:
    linking = policy_of(brand_id).linking
    rows = Identity.objects.filter(member_id__in=account_ids, kind__in=linking)
    holders: dict[tuple[str, str, str], set[int]] = {}
    clear: dict[str, str] = {}
    for row in rows:
        name = row.name if row.kind == NAMED_PHONE else ""
        holders.setdefault((row.kind, row.value, name), set()).add(row.member_id)
        clear[row.value] = row.clear
    return [
        SharedKey(kind, shown_value(kind, clear[value]), name, tuple(sorted(found)))
        for (kind, value, name), found in sorted(
            holders.items(), key=lambda held: (held[0][0], clear[held[0][1]], held[0][2])
        )
        if len(found) > 1
    ]


def _evidence(brand_id: int, account_ids: Sequence[int]) -> list[Evidence]:
    edges = IdentityEdge.objects.filter(
        Q(a_id__in=account_ids) | Q(b_id__in=account_ids), brand_id=brand_id
    )
    return [
        Evidence(
            at=edge.at,
            verdict=edge.verdict,
            rule=edge.rule,
            a_id=edge.a_id,
            b_id=edge.b_id,
            confidence=edge.confidence,
            reason=edge.reason,
            actor=str(edge.actor) if edge.actor else "",
            source_ref=edge.source_ref,
        )
        for edge in edges.select_related("actor").order_by("-id")[:_EDGES_MAX]
    ]


@dataclass(frozen=True)
class OpenSuggestion:
    """Two persons that may be one; the ids are of the persons the accounts belong to now."""

    id: int
    a_person: int
    b_person: int
    probability: float
    evidence: list[Any]


@dataclass(frozen=True)
class OpenConflict:
    """A person, and the other name a file gives at their contact."""

    id: int
    person: int
    kind: str
    value: str
    name: str
    profile: dict[str, str]
    source_ref: int | None
    created_at: datetime


@dataclass(frozen=True)
class Overused:
    """A key that is on more accounts than the policy lets merge."""

    kind: str
    value: str
    accounts: int
    at: datetime


def open_suggestions(brand_id: int, *, offset: int = 0, limit: int = 20) -> list[OpenSuggestion]:
    """Suggestions that nobody answered, the likeliest first; those that came true are left out."""
    rows = Suggestion.objects.filter(brand_id=brand_id, state=ReviewState.OPEN).annotate(
        a_person=Coalesce("a__merged_into_id", "a_id"),
        b_person=Coalesce("b__merged_into_id", "b_id"),
    )
    apart = rows.exclude(a_person=F("b_person")).order_by("-probability", "id")
    return [
        OpenSuggestion(row.pk, row.a_person, row.b_person, row.probability, row.evidence)
        for row in apart[offset : offset + limit]
    ]


def open_conflicts(brand_id: int, *, offset: int = 0, limit: int = 20) -> list[OpenConflict]:
    """Conflicts that nobody answered, the oldest first."""
    rows = Conflict.objects.filter(brand_id=brand_id, state=ReviewState.OPEN).annotate(
        person=Coalesce("member__merged_into_id", "member_id")
    )
    found = list(rows.order_by("id")[offset : offset + limit])
    owners = Identity.objects.filter(member_id__in=[row.member_id for row in found], owns=True)
    values = {(o.member_id, o.kind): shown_value(o.kind, o.clear) for o in owners}
    return [
        OpenConflict(
            id=row.pk,
            person=row.person,
            kind=row.kind,
            value=values.get((row.member_id, row.kind), ""),
            name=row.name,
            profile={field: _said(field, text) for field, text in row.said.items()},
            source_ref=row.source_ref,
            created_at=row.created_at,
        )
        for row in found
    ]


def _said(field: str, text: str) -> str:
    """What a file says, as a page may show it."""
    if field == "lunar_birthday":
        return lunar_words(stored_lunar_day(text))
    return masked(text) if field in ("phone", "email") else text


def open_counts(brand_id: int) -> dict[str, int]:
    """How many suggestions and conflicts wait for an answer."""
    return {
        "suggestions": Suggestion.objects.filter(brand_id=brand_id, state=ReviewState.OPEN).count(),
        "conflicts": Conflict.objects.filter(brand_id=brand_id, state=ReviewState.OPEN).count(),
    }


def overused_keys(brand_id: int, *, limit: int = 50) -> list[Overused]:
    """Keys that stopped merging and still are on too many accounts, the latest first."""
    limit_accounts = policy_of(brand_id).accounts_max
    rows = OverusedKey.objects.filter(brand_id=brand_id).select_related("identity")
    found = {row.pk: row for row in rows.order_by("-at", "-id")[:limit]}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            select o.id, count(distinct i.member_id)
            from members_overusedkey o
            join members_identity k on k.id = o.identity_id
            join members_identity i on i.brand_id = o.brand_id and i.value = k.value
              and i.kind = any(case when k.kind in ('phone', '{NAMED_PHONE}')
                               then array['phone', '{NAMED_PHONE}'] else array[k.kind]::text[] end)
            where o.id = any(%s) group by o.id
            """,
            [list(found)],
        )
        counts = dict(cursor.fetchall())
    return [
        Overused(
            row.identity.kind,
            shown_value(row.identity.kind, row.identity.clear),
            counts.get(pk, 0),
            row.at,
        )
        for pk, row in found.items()
        if counts.get(pk, 0) > limit_accounts
    ]
