"""What every room knows of members, asked for at once: a page never asks room by room.

A room registers what it knows under a name from its ``AppConfig.ready``; the rooms below never
learn who does. A provider answers for any number of members with a constant number of queries.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from huitou.members.attribute_values import current_attributes
from huitou.members.carried import CarriedTag, carried_tags
from huitou.members.consent import Consent, Matter, consents
from huitou.members.queries import accounts_of
from huitou.members.standing import Statement
from huitou.members.touchpoints import TouchView, touches

# (brand_id, member_ids, now) → member id → fact; members of whom nothing is known are left out.
Provider = Callable[[int, Sequence[int], datetime], Mapping[int, Any]]

_providers: dict[str, Provider] = {}


@dataclass(frozen=True)
class ProfileFacts:
    """What is kept of a member in this room, over all their accounts."""

    attributes: Mapping[str, Statement] = field(default_factory=dict)
    tags: Sequence[CarriedTag] = ()
    consents: Mapping[Matter, Consent] = field(default_factory=dict)
    touches: Sequence[TouchView] = ()


def register(name: str, provider: Provider) -> None:
    """Let a room answer for ``name``; doing so again replaces the answer."""
    _providers[name] = provider


def member_facts(
    brand_id: int, member_ids: Sequence[int], now: datetime
) -> dict[str, Mapping[int, Any]]:
    """Everything any room knows of the members: name → member id → fact."""
    return {name: provider(brand_id, member_ids, now) for name, provider in _providers.items()}


def profile_facts(
    brand_id: int, member_ids: Sequence[int], now: datetime
) -> dict[int, ProfileFacts]:
    """Attributes, tags, consents and touches of members: five queries for any number of them."""
    accounts = accounts_of(brand_id, member_ids)
    said = current_attributes(brand_id, accounts)
    carried = carried_tags(brand_id, accounts, now)
    decided = consents(brand_id, accounts)
    met = touches(brand_id, accounts)
    return {
        member: ProfileFacts(
            said.get(member, {}),
            carried.get(member, ()),
            decided.get(member, {}),
            met.get(member, ()),
        )
        for member in accounts
    }
