"""One member on one page: who they are, what insight says, orders, reviews, timeline."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from huitou.brands.models import Shop
from huitou.commerce import queries as commerce
from huitou.commerce.queries import LineView, OrderTotals, OrderView, RefundView
from huitou.console import member_labels  # noqa: F401 -- adds the words this page shows
from huitou.console.birthday_words import birthday_form, lunar_this_year
from huitou.console.cycle_bar import cycle_bar
from huitou.console.member_profile import kept_of, profile_cards, profile_words
from huitou.console.member_rows import local_day
from huitou.console.member_traits import tile_groups
from huitou.console.members_in_view import member_in_view
from huitou.console.views.elsewhere import brands_in_reach
from huitou.insight.types import CategoryDue, Scope
from huitou.kernel.errors import RefusedInputError
from huitou.members import explanation
from huitou.members import queries as members
from huitou.members.attributes import Attribute, attributes
from huitou.members.facts import ProfileFacts, member_facts
from huitou.members.queries import MemberIdentity, MemberProfile
from huitou.ui.roles import MEMBER_ROLES, roles_required

# Load the analytic engine, which pages of records do without.
insight = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))
belonging = SimpleLazyObject(lambda: importlib.import_module("huitou.segments.belonging"))

ORDER_ROWS = 10
REVIEW_ROWS = 20
TIMELINE_ROWS = 12
CATEGORY_ROWS = 12
# A page number beyond this is nobody's.
_PAGE_MAX = 100_000
# Traits the head of the page shows already.
_IN_HEAD = frozenset(
    {"rfm_group", "lifecycle_stage", "buyer_type", "province", "city", "first_shop"}
)
# What the drawer shows of them.
_DRAWER_TRAITS = (
    "monetary_minor", "frequency", "aov_minor", "recency_days", "cycle_days", "next_purchase_date",
)  # fmt: skip


@dataclass(frozen=True)
class OrderRow:
    """An order with all that belongs to it."""

    order: OrderView
    shop: Shop | None
    lines: list[LineView]
    refunds: list[RefundView]


@roles_required(MEMBER_ROLES)
def member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The page, or the fragment a part of it asks for (drawer, orders, timeline)."""
    profile = member_in_view(request, public_id)
    target = request.htmx.target if not request.htmx.history_restore_request else None
    if target == "member-orders":
        shop_id = request.scope.only_shop_id
        every = commerce.order_totals(request.scope.brand_id, [profile.id], shop_id=shop_id)
        totals = every.get(profile.id)
        return render(request, "console/member_orders.html", _orders(request, profile, totals))
    if target == "member-timeline":
        return render(request, "console/member_timeline.html", _timeline(request, profile))
    if target == "drawer-body":
        facts = _facts(request, profile)
        context = {**_head(request, profile, facts), **_timeline(request, profile)}
        context["carried"] = facts.get("profile", ProfileFacts()).tags
        tiles = [tile for group in context["tile_groups"] for tile in group.tiles]
        context["tiles"] = [tile for tile in tiles if tile.name in _DRAWER_TRAITS]
        return render(request, "console/member_drawer.html", context)
    facts = _facts(request, profile)
    kept = kept_of(request.scope.brand_id)
    context = {
        **_head(request, profile, facts),
        **_orders(request, profile, facts.get("order_totals")),
        **_timeline(request, profile, kept.attributes),
        **profile_cards(facts.get("profile", ProfileFacts()), kept),
        "may_edit": request.scope.may("profile.edit"),
        "birthday_form": birthday_form(profile.birthday),
        "may_decide_consent": request.scope.may("consent.edit"),
        "may_set_up": request.scope.may("profile.define"),
        "reviews": facts.get("reviews", ()),
        "categories": _categories(request, profile),
    }
    context |= _segments(request, profile)
    context["may_unmask"] = request.scope.may("members.unmask")
    context["may_erase"] = request.scope.may("privacy.manage")
    context["group_brands"] = len(brands_in_reach(request))
    return render(request, "console/member.html", context)


def _facts(request: HttpRequest, profile: MemberProfile) -> dict[str, Any]:
    """What every room knows of the member, by name; names of which nothing is known left out.

    Somebody limited to a shop gets that shop's orders, reviews and figures.
    """
    brand_id, shop_id = request.scope.brand_id, request.scope.only_shop_id
    known: dict[str, Mapping[int, Any]] = member_facts(brand_id, [profile.id], datetime.now(UTC))
    if shop_id is not None:
        mine = [profile.id]
        known |= {
            "order_totals": commerce.order_totals(brand_id, mine, shop_id=shop_id),
            "reviews": commerce.reviews_of(brand_id, mine, limit=REVIEW_ROWS, shop_id=shop_id),
            "traits": insight.member_traits(brand_id, mine, shop_id=shop_id),
        }
    return {name: facts[profile.id] for name, facts in known.items() if profile.id in facts}


def _head(request: HttpRequest, profile: MemberProfile, facts: Mapping[str, Any]) -> dict[str, Any]:
    """Who the member is and what insight says of them."""
    brand = request.scope.brand
    traits = facts.get("traits", {})
    fresh = insight.freshness(Scope(brand.pk, request.scope.only_shop_id))
    return {
        **_accounts(request, profile),
        "profile": profile,
        "person": profile.name or profile.number,
        "lunar_birthday": lunar_this_year(
            profile.birthday.lunar, datetime.now(ZoneInfo(brand.time_zone)).date()
        ),
        "traits": traits,
        "tile_groups": tile_groups(traits, brand, left_out=_IN_HEAD),
        "fresh": fresh,
        "first_shop": _shops(request).get(profile.first_shop_id),
        "cycle": cycle_bar(
            last=local_day(traits.get("last_paid_at"), brand),
            cycle_days=traits.get("cycle_days"),
            as_of=fresh.as_of if fresh else None,
            expected=traits.get("next_purchase_date"),
        ),
    }


def _categories(request: HttpRequest, profile: MemberProfile) -> list[tuple[CategoryDue, str]]:
    """The member's categories with where each stands as of the figures' date."""
    shop_id = request.scope.only_shop_id
    fresh = insight.freshness(Scope(request.scope.brand_id, shop_id))
    found = insight.member_categories(request.scope.brand_id, [profile.id], shop_id=shop_id)
    shown = found.get(profile.id, [])[:CATEGORY_ROWS]
    return [(category, category.state(fresh.as_of)) for category in shown]


def _segments(request: HttpRequest, profile: MemberProfile) -> dict[str, Any]:
    """The segments the member is in now; ``standings`` None before there are figures."""
    may_see = request.scope.may("segments.view")
    standings = None
    if may_see:
        try:
            now = datetime.now(UTC)
            standings = belonging.standings(request.scope.brand, profile.id, now=now)
        except RefusedInputError:
            pass
    return {"may_see_segments": may_see, "standings": standings}


def _accounts(request: HttpRequest, profile: MemberProfile) -> dict[str, Any]:
    """The identifiers by account, and why several accounts are one person."""
    brand_id = request.scope.brand_id
    found: dict[int, list[MemberIdentity]] = {}
    for identity in members.identities(brand_id, [profile.id]).get(profile.id, []):
        found.setdefault(identity.account_id, []).append(identity)
    may_decide = request.scope.may("members.merge")
    if len(found) < 2:
        own = found.get(profile.id, [])
        return {"accounts": [(None, own)], "why": None, "may_decide": may_decide}
    why = explanation.explain(brand_id, profile.id)
    return {
        "accounts": [(account, found.get(account.id, [])) for account in why.accounts],
        "why": why,
        "may_decide": may_decide,
    }


def _orders(
    request: HttpRequest, profile: MemberProfile, totals: OrderTotals | None
) -> dict[str, Any]:
    """A page of orders with their lines and refunds: three queries however many orders."""
    brand_id, shop_id = request.scope.brand_id, request.scope.only_shop_id
    totals = totals or OrderTotals()
    pages = Paginator(range(totals.orders), ORDER_ROWS).get_page(_number(request, "orders"))
    offset = (pages.number - 1) * ORDER_ROWS
    orders = commerce.orders_of(
        brand_id, [profile.id], offset=offset, limit=ORDER_ROWS, shop_id=shop_id
    )
    found = orders.get(profile.id, [])
    ids = [order.id for order in found]
    lines, refunds = commerce.lines_of(ids), commerce.refunds_of(ids)
    shops = _shops(request)
    return {
        "profile": profile,
        "totals": totals,
        "order_pages": pages,
        "orders": [
            OrderRow(o, shops.get(o.shop_id), lines.get(o.id, []), refunds.get(o.id, []))
            for o in found
        ],
    }


def _timeline(
    request: HttpRequest, profile: MemberProfile, kept: Sequence[Attribute] | None = None
) -> dict[str, Any]:
    """What happened, newest first; the last page ends with the day the member was first seen."""
    number = _number(request, "timeline")
    if kept is None:
        kept = attributes(request.scope.brand_id)
    entries = commerce.timeline(
        request.scope.brand_id,
        profile.id,
        offset=(number - 1) * TIMELINE_ROWS,
        limit=TIMELINE_ROWS + 1,
        shop_id=request.scope.only_shop_id,
    )
    shops = _shops(request)
    has_more = len(entries) > TIMELINE_ROWS
    return {
        "profile": profile,
        "timeline": [
            (entry, shops.get(entry.shop_id), profile_words(entry.kind, entry.text, kept))
            for entry in entries[:TIMELINE_ROWS]
        ],
        "timeline_number": number,
        "timeline_next": number + 1 if has_more else None,
        "timeline_previous": number - 1 if number > 1 else None,
        "first_seen": None if has_more else profile.created_at,
    }


def _shops(request: HttpRequest) -> dict[int | None, Shop]:
    return {shop.pk: shop for shop in request.scope.open_shops}


def _number(request: HttpRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return min(max(1, int(text)), _PAGE_MAX) if text.isascii() and text.isdigit() else 1
