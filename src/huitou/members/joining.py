"""What making several members one would do to consent, tags and addresses, before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from huitou.members.carried import CarriedTag, carried_tags
from huitou.members.consent import Consent, Matter, consents
from huitou.members.contact_keys import shared_keys
from huitou.members.models import AddressKind, Channel, Purpose
from huitou.members.queries import accounts_of, masked
from huitou.members.standing import standing_tags, strictest
from huitou.members.suppressions import suppressed_addresses


@dataclass(frozen=True)
class ConsentEffect:
    """One channel and purpose: what holds for each member, and what would for all as one."""

    channel: str
    purpose: str
    sides: tuple[Consent | None, ...]
    together: Consent

    @property
    def is_lost(self) -> bool:
        """Whether a grant of one of them would hold no longer."""
        return not self.together.is_granted and any(s and s.is_granted for s in self.sides)


@dataclass(frozen=True)
class JoinEffect:
    """What several members would have as one.

    ``consents`` in the order of channels and purposes, without matters nobody decided;
    ``tags_lost`` are those another one of an exclusive group replaces; ``closed`` the addresses
    nobody may write to, masked, as (kind, address).
    """

    consents: tuple[ConsentEffect, ...]
    tags: tuple[CarriedTag, ...]
    tags_lost: tuple[CarriedTag, ...]
    closed: tuple[tuple[str, str], ...]

    @property
    def consents_lost(self) -> int:
        """How many matters would lose a grant."""
        return sum(effect.is_lost for effect in self.consents)


def join_effects(brand_id: int, groups: Sequence[Sequence[int]], now: datetime) -> list[JoinEffect]:
    """The effect of joining the members of each group: six queries for any number of groups.

    A group's sides come in the order its members are named.
    """
    accounts = accounts_of(brand_id, {member for group in groups for member in group})
    decided = consents(brand_id, accounts)
    carried = carried_tags(brand_id, accounts, now)
    closed = _closed(brand_id, accounts)
    found = []
    for group in groups:
        tags = [tag for member in group for tag in carried.get(member, [])]
        kept = standing_tags(tags, now)
        kept_ids = {tag.tag_id for tag in kept}
        found.append(
            JoinEffect(
                consents=_consents([decided.get(member, {}) for member in group]),
                tags=tuple(kept),
                tags_lost=tuple(tag for tag in tags if tag.tag_id not in kept_ids),
                closed=tuple(dict.fromkeys(pair for member in group for pair in closed[member])),
            )
        )
    return found


def _consents(sides: Sequence[Mapping[Matter, Consent]]) -> tuple[ConsentEffect, ...]:
    found = []
    for matter in ((channel, purpose) for channel in Channel.values for purpose in Purpose.values):
        said = [side.get(matter) for side in sides]
        together = strictest([one for one in said if one])
        if together is not None:
            found.append(ConsentEffect(*matter, tuple(said), together))
    return tuple(found)


def _closed(
    brand_id: int, accounts: Mapping[int, Sequence[int]]
) -> dict[int, list[tuple[str, str]]]:
    """Each member's addresses nobody may write to, masked."""
    keys = shared_keys(account for own in accounts.values() for account in own)
    shut = {
        kind: suppressed_addresses(
            brand_id, kind, {value for own in keys.values() for of, value in own if of == kind}
        )
        for kind in AddressKind.values
    }
    return {
        member: [
            (kind, masked(value))
            for account in own
            for kind, value in keys.get(account, [])
            if value in shut.get(kind, ())
        ]
        for member, own in accounts.items()
    }
