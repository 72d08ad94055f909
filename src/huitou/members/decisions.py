"""What people decide about who is who: merge, split, answer suggestions and conflicts.

Each decision is a new edge; none is ever changed or removed, so every merge can be undone and every
split too. Rooms above keep their rows at the accounts and read them through the person.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import product
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection, transaction

from huitou.kernel.errors import RefusedInputError
from huitou.members.components import MERGING_KINDS, RANK
from huitou.members.models import (
    DECIDED,
    Conflict,
    Identity,
    IdentityEdge,
    IdentityPolicy,
    Member,
    ReviewState,
    Suggestion,
    Verdict,
)
from huitou.members.resolution import whole_names
from huitou.members.unification import Unified, lock_identities, policy_of, unify

# A person is some accounts; splitting more than this many pairs is a damaged policy, not a person.
_PAIRS_MAX = 10_000
_ACCOUNTS_MAX_RANGE = range(2, 1001)


@transaction.atomic
def merge(
    *,
    brand_id: int,
    member_ids: Sequence[int],
    reason: str,
    actor_id: int | None,
    now: datetime,
    rule: str = "staff",
    confidence: float = 1.0,
) -> int:
    """Make the persons of ``member_ids`` one; returns the person's id.

    Earlier decisions that their accounts are apart are lifted. Raises ``RefusedInputError``:
    ``UNKNOWN_MEMBER``, ``NOTHING_TO_MERGE`` when all are one person already.
    """
    with connection.cursor() as cursor:
        lock_identities(cursor, brand_id)
        people = _people(brand_id, member_ids)
        if len(people) < 2:
            raise RefusedInputError("NOTHING_TO_MERGE", "these are one person already")
        roots = sorted(people)
        pairs = {(root, roots[0]) for root in roots[1:]}
        for n, root in enumerate(roots):
            others = [account for other in roots[n + 1 :] for account in people[other]]
            pairs |= _apart_pairs(people[root], others)
        _decide(brand_id, pairs, Verdict.SAME, rule, confidence, reason, actor_id, now)
        _unified(cursor, brand_id, [a for root in roots for a in people[root]], now)
    return Member.objects.values_list("merged_into_id", flat=True).get(pk=roots[0]) or roots[0]


@transaction.atomic
def split(
    *, brand_id: int, account_ids: Sequence[int], reason: str, actor_id: int | None, now: datetime
) -> int:
    """Part ``account_ids`` from the other accounts of their person; returns the new person's id.

    Raises ``RefusedInputError``: ``UNKNOWN_MEMBER``, ``NOT_ONE_PERSON`` when the accounts belong
    to several, ``NOTHING_TO_SPLIT`` when no other account would be left.
    """
    with connection.cursor() as cursor:
        lock_identities(cursor, brand_id)
        people = _people(brand_id, account_ids)
        if len(people) != 1:
            raise RefusedInputError("NOT_ONE_PERSON", "these accounts belong to several members")
        (accounts,) = people.values()
        leaving = sorted(set(account_ids))
        staying = [account for account in accounts if account not in set(leaving)]
        if not staying:
            raise RefusedInputError(
                "NOTHING_TO_SPLIT", "the member has no other account: there is nothing to part from"
            )
        if len(leaving) * len(staying) > _PAIRS_MAX:
            raise RefusedInputError(
                "TOO_MANY_ACCOUNTS",
                f"the member has {len(accounts)} accounts; lower the limit of accounts per key",
            )
        pairs = set(product(leaving, staying))
        _decide(brand_id, pairs, Verdict.APART, "staff", 1.0, reason, actor_id, now)
        _unified(cursor, brand_id, accounts, now)
    found = Member.objects.values_list("merged_into_id", flat=True).get(pk=leaving[0])
    return found or leaving[0]


@transaction.atomic
def answer_suggestion(
    *, brand_id: int, suggestion_id: int, same: bool, actor_id: int | None, now: datetime
) -> None:
    """Merge the two accounts of a suggestion, or keep them apart from now on.

    Raises ``RefusedInputError``: ``UNKNOWN_SUGGESTION``, ``ALREADY_ANSWERED``.
    """
    suggestion = (
        Suggestion.objects.select_for_update().filter(brand_id=brand_id, pk=suggestion_id).first()
    )
    if suggestion is None:
        raise RefusedInputError("UNKNOWN_SUGGESTION", f"there is no suggestion {suggestion_id}")
    _refuse_answered(suggestion.state)
    pair = {(suggestion.a_id, suggestion.b_id)}
    with connection.cursor() as cursor:
        lock_identities(cursor, brand_id)
        people = _people(brand_id, list(*pair))
        if same and len(people) == 2:
            first, second = people.values()
            pair |= _apart_pairs(first, second)
        verdict = Verdict.SAME if same else Verdict.APART
        probability = suggestion.probability if same else 1 - suggestion.probability
        _decide(brand_id, pair, verdict, "suggestion", probability, "", actor_id, now)
        _unified(cursor, brand_id, [a for accounts in people.values() for a in accounts], now)
    _settle(suggestion, same=same, actor_id=actor_id, now=now)


@transaction.atomic
def answer_conflict(
    *, brand_id: int, conflict_id: int, same: bool, actor_id: int | None, now: datetime
) -> int | None:
    """Say whether a contact that two names share is one person; returns the other's id if not.

    The other becomes an account of their own, apart from the first, and files that name them lead
    there. Raises ``RefusedInputError``: ``UNKNOWN_CONFLICT``, ``ALREADY_ANSWERED``.
    """
    conflict = (
        Conflict.objects.select_for_update().filter(brand_id=brand_id, pk=conflict_id).first()
    )
    if conflict is None:
        raise RefusedInputError("UNKNOWN_CONFLICT", f"there is no conflict {conflict_id}")
    _refuse_answered(conflict.state)
    if not same:
        with connection.cursor() as cursor:
            lock_identities(cursor, brand_id)
            conflict.other = _other_person(conflict)
            pair = {(conflict.member_id, conflict.other.pk)}
            _decide(brand_id, pair, Verdict.APART, "staff", 1.0, "", actor_id, now)
            _unified(cursor, brand_id, [conflict.member_id, conflict.other.pk], now)
    _settle(conflict, same=same, actor_id=actor_id, now=now)
    return conflict.other_id


@transaction.atomic
def set_policy(*, brand_id: int, kinds: Iterable[str], accounts_max: int, now: datetime) -> Unified:
    """Let ``kinds`` of key merge accounts from now on, each on at most ``accounts_max``.

    Every person of the brand is found anew. Raises ``RefusedInputError`` ``BAD_POLICY``.
    """
    wanted = sorted(set(kinds), key=lambda kind: RANK.get(kind, 0))
    if unknown := [kind for kind in wanted if kind not in MERGING_KINDS]:
        raise RefusedInputError(
            "BAD_POLICY", f"{unknown[0]!r} is no kind of key; there are {', '.join(MERGING_KINDS)}"
        )
    if accounts_max not in _ACCOUNTS_MAX_RANGE:
        raise RefusedInputError("BAD_POLICY", "a key may be on 2 to 1000 accounts")
    with connection.cursor() as cursor:
        lock_identities(cursor, brand_id)
        # All persons of a brand: as long as an import, not as a click.
        cursor.execute("set local statement_timeout = '30min'")
        IdentityPolicy.objects.update_or_create(
            brand_id=brand_id, defaults={"kinds": wanted, "accounts_max": accounts_max}
        )
        accounts = Member.objects.filter(brand_id=brand_id).values_list("id", flat=True)
        return _unified(cursor, brand_id, list(accounts), now, parting="policy")


def _people(brand_id: int, member_ids: Iterable[int]) -> dict[int, list[int]]:
    """The accounts of the persons that ``member_ids`` belong to, by person."""
    wanted = set(member_ids)
    rows = Member.objects.filter(brand_id=brand_id, pk__in=wanted)
    roots = {person or pk for pk, person in rows.values_list("id", "merged_into_id")}
    if rows.count() != len(wanted):
        missing = sorted(wanted - set(rows.values_list("id", flat=True)))
        raise RefusedInputError("UNKNOWN_MEMBER", f"the brand has no member {missing[0]}")
    people = {root: [root] for root in sorted(roots)}
    merged = Member.objects.filter(brand_id=brand_id, merged_into_id__in=roots).order_by("id")
    for account, root in merged.values_list("id", "merged_into_id"):
        people[root].append(account)
    return people


def _apart_pairs(ours: Sequence[int], theirs: Sequence[int]) -> set[tuple[int, int]]:
    """Pairs across the two that the latest decision keeps apart."""
    both = {*ours, *theirs}
    edges = IdentityEdge.objects.filter(a_id__in=both, b_id__in=both, rule__in=DECIDED)
    latest = {(e.a_id, e.b_id): e.verdict for e in edges.order_by("id")}
    first = set(ours)
    return {
        pair
        for pair, verdict in latest.items()
        if verdict == Verdict.APART and (pair[0] in first) != (pair[1] in first)
    }


def _decide(
    brand_id: int,
    pairs: Iterable[tuple[int, int]],
    verdict: str,
    rule: str,
    confidence: float,
    reason: str,
    actor_id: int | None,
    now: datetime,
) -> None:
    IdentityEdge.objects.bulk_create(
        IdentityEdge(
            brand_id=brand_id,
            a_id=min(pair),
            b_id=max(pair),
            verdict=verdict,
            rule=rule,
            confidence=confidence,
            reason=reason[:200],
            actor_id=actor_id,
            at=now,
        )
        for pair in sorted(pairs)
    )


def _unified(
    cursor: Any, brand_id: int, accounts: Sequence[int], now: datetime, *, parting: str = ""
) -> Unified:
    return unify(
        cursor,
        brand_id=brand_id,
        accounts=np.array(accounts, dtype=np.int64),
        policy=policy_of(brand_id),
        source_ref=None,
        origin="live",
        now=now,
        parting=parting,
    )


def _refuse_answered(state: str) -> None:
    if state != ReviewState.OPEN:
        raise RefusedInputError("ALREADY_ANSWERED", "somebody has answered this already")


def _settle(
    question: Suggestion | Conflict, *, same: bool, actor_id: int | None, now: datetime
) -> None:
    question.state = ReviewState.SAME if same else ReviewState.APART
    question.decided_by_id = actor_id
    question.decided_at = now
    question.save()


def _other_person(conflict: Conflict) -> Member:
    """An account for the other name, found by the contact together with that name."""
    first = conflict.member
    contact = Identity.objects.get(member=first, kind=conflict.kind, owns=True)
    profile = conflict.said
    other = Member.objects.create(
        brand_id=conflict.brand_id,
        name=conflict.name,
        first_shop_id=first.first_shop_id,
        source_ref=conflict.source_ref,
        changed_ref=conflict.source_ref,
        **{k: v for k, v in profile.items() if k != "name"},
    )
    name = whole_names(pa.array([conflict.name], pa.string()))[0].as_py()
    # What the file showed under the other name was theirs.
    Identity.objects.filter(member=first, name=name).update(member=other)
    Identity.objects.create(
        brand_id=conflict.brand_id,
        member=other,
        platform=contact.platform,
        kind=contact.kind,
        value=contact.value,
        sealed=contact.sealed,
        name=name,
        owns=True,
        source_ref=conflict.source_ref,
    )
    return other
