"""Who is who, as other systems say and ask it: merge, split, and the reasons.

What a system asks for twice is done once: a decision that holds already is ``unchanged``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from huitou.api.intake.identifiers import key_value
from huitou.api.messages import (
    Decided,
    ExplainedAccount,
    ExplainedEdge,
    ExplainedKey,
    ExplainedMember,
    MemberNow,
    NamedMember,
)
from huitou.kernel.errors import RefusedInputError
from huitou.members import decisions, explanation
from huitou.members.lookup import member_by_identifier
from huitou.members.ownership import accounts_of_persons
from huitou.members.queries import accounts_named, ids_by_public_id, persons_of


@transaction.atomic
def merge(*, brand_id: int, members: Sequence[NamedMember], reason: str, now: datetime) -> Decided:
    """Make ``members`` one person; an identifier means whom looking it up finds.

    Raises ``RefusedInputError`` with the code ``UNKNOWN_MEMBER``.
    """
    ids = [_member(brand_id, named) for named in members]
    accounts = accounts_of_persons(brand_id, ids)
    try:
        decisions.merge(brand_id=brand_id, member_ids=ids, reason=reason, actor_id=None, now=now)
    except RefusedInputError as refused:
        if refused.code != "NOTHING_TO_MERGE":
            raise
        return Decided("unchanged", _members_now(brand_id, accounts))
    return Decided("updated", _members_now(brand_id, accounts))


@transaction.atomic
def split(*, brand_id: int, accounts: Sequence[NamedMember], reason: str, now: datetime) -> Decided:
    """Part ``accounts`` from the others of their member; an identifier means the one it owns.

    Raises ``RefusedInputError``: ``UNKNOWN_MEMBER``, ``AMBIGUOUS``, ``NOT_ONE_PERSON``.
    """
    leaving = [_account(brand_id, named) for named in accounts]
    before = accounts_of_persons(brand_id, leaving)
    if set(before) == set(leaving):
        return Decided("unchanged", _members_now(brand_id, before))
    decisions.split(brand_id=brand_id, account_ids=leaving, reason=reason, actor_id=None, now=now)
    return Decided("updated", _members_now(brand_id, before))


def explained(brand_id: int, public_id: UUID) -> ExplainedMember:
    """Why the accounts of a member are one person; that of any account leads to its member.

    Raises ``RefusedInputError`` with the code ``UNKNOWN_MEMBER``.
    """
    (account,) = ids_by_public_id(brand_id, [public_id]) or [_unknown(str(public_id))]
    person = persons_of(brand_id, [account])[account]
    found = explanation.explain(brand_id, person)
    own = {a.id for a in found.accounts}
    parted = {i for edge in found.evidence for i in (edge.a_id, edge.b_id)} - own
    known = [*found.accounts, *explanation.accounts(brand_id, sorted(parted))]
    names = {a.id: str(a.public_id) for a in known}
    return ExplainedMember(
        id=names[person],
        accounts=[
            ExplainedAccount(names[a.id], a.name, a.platform, a.kind, a.value, a.created_at)
            for a in found.accounts
        ],
        keys=[
            ExplainedKey(key.kind, key.value, key.name, [names[i] for i in key.account_ids])
            for key in found.keys
        ],
        evidence=[
            ExplainedEdge(
                at=edge.at,
                verdict=edge.verdict,  # type: ignore[arg-type]
                rule=edge.rule,
                accounts=[names[edge.a_id], names[edge.b_id]],
                confidence=edge.confidence,
                reason=edge.reason,
                by=edge.actor,
            )
            for edge in found.evidence
        ],
    )


def _member(brand_id: int, named: NamedMember) -> int:
    """The account by which a member is named."""
    public_id = named.id
    if named.identifier is not None:
        key = key_value(named.identifier.kind, named.identifier.value)
        found = member_by_identifier(brand_id, named.identifier.kind, key) if key else None
        public_id = found.public_id if found else None
    known = ids_by_public_id(brand_id, [public_id]) if public_id else []
    return known[0] if known else _unknown(_name(named))


def _account(brand_id: int, named: NamedMember) -> int:
    """The one account that is named."""
    if named.identifier is None:
        return _member(brand_id, named)
    key = key_value(named.identifier.kind, named.identifier.value)
    found = accounts_named(brand_id, f"{named.identifier.kind}:{key}") if key else []
    if len(found) > 1:
        raise RefusedInputError(
            "AMBIGUOUS", f"{_name(named)} names several accounts; name them by the id."
        )
    return found[0] if found else _unknown(_name(named))


def _name(named: NamedMember) -> str:
    """The public id, or the kind of the identifier: its value may reach somebody's logs."""
    return f"the {named.identifier.kind}" if named.identifier else str(named.id)


def _unknown(name: str) -> int:
    raise RefusedInputError("UNKNOWN_MEMBER", f"No member of this brand is known by {name}.")


def _members_now(brand_id: int, accounts: Sequence[int]) -> list[MemberNow]:
    """The members whom ``accounts`` belong to, by their own account's age."""
    public = {a.id: str(a.public_id) for a in explanation.accounts(brand_id, accounts)}
    together: dict[int, list[str]] = {}
    for account, person in sorted(persons_of(brand_id, accounts).items()):
        together.setdefault(person, []).append(public[account])
    return [MemberNow(public[person], own) for person, own in sorted(together.items())]
