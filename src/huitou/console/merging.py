"""The persons a merge would join, and what they would be as one: for pages that ask about it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from huitou.commerce import queries as commerce
from huitou.commerce.queries import OrderTotals
from huitou.console.birthday_words import birthday_text
from huitou.members import explanation
from huitou.members import queries as members
from huitou.members.joining import JoinEffect, join_effects
from huitou.members.queries import MemberProfile


@dataclass(frozen=True)
class Side:
    """One of the persons a merge would join, with what they have."""

    profile: MemberProfile
    person: str
    birthday: str
    accounts: list[explanation.Account]
    totals: OrderTotals


@dataclass(frozen=True)
class Effect:
    """What the persons would have as one."""

    people: list[str]
    totals: OrderTotals
    kept: JoinEffect


def sides_of(brand_id: int, member_ids: Iterable[int]) -> dict[int, Side]:
    """What each member has, in a constant number of queries."""
    profiles = members.profiles(brand_id, member_ids)
    accounts_of = members.accounts_of(brand_id, profiles)
    every = [account for found in accounts_of.values() for account in found]
    accounts = {account.id: account for account in explanation.accounts(brand_id, every)}
    totals = commerce.order_totals(brand_id, profiles)
    return {
        member: Side(
            profile=profile,
            person=profile.name or profile.number,
            birthday=birthday_text(profile.birthday),
            accounts=[accounts[account] for account in accounts_of[member]],
            totals=totals.get(member, OrderTotals()),
        )
        for member, profile in profiles.items()
    }


def effects_of(brand_id: int, groups: Sequence[Sequence[Side]], now: datetime) -> list[Effect]:
    """What the persons of each group would have as one, in a constant number of queries."""
    kept = join_effects(brand_id, [[side.profile.id for side in sides] for sides in groups], now)
    return [
        Effect([side.person for side in sides], _together(sides), effect)
        for sides, effect in zip(groups, kept, strict=True)
    ]


def _together(sides: Sequence[Side]) -> OrderTotals:
    """The orders of all sides as those of one member."""
    totals = [side.totals for side in sides]
    return OrderTotals(
        orders=sum(t.orders for t in totals),
        purchases=sum(t.purchases for t in totals),
        paid_minor=sum(t.paid_minor for t in totals),
        refunded_minor=sum(t.refunded_minor for t in totals),
        last_biz_date=max((t.last_biz_date for t in totals if t.last_biz_date), default=None),
    )
