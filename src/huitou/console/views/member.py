"""One member on one page: who they are, what insight says, orders, reviews, timeline."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from huitou.brands.models import Shop
from huitou.commerce import queries as commerce
from huitou.commerce.queries import LineView, OrderView, RefundView
from huitou.console import member_labels  # noqa: F401 -- adds the words this page shows
from huitou.console.cycle_bar import cycle_bar
from huitou.console.figures import words
from huitou.console.member_filters import CODE_FAMILIES
from huitou.console.member_rows import local_day
from huitou.insight.traits import TRAITS
from huitou.insight.types import Scope
from huitou.members import explanation
from huitou.members import queries as members
from huitou.members.queries import MemberIdentity, MemberProfile
from huitou.ui.roles import MEMBER_ROLES, roles_required

# Loads the analytic engine, which no other page needs.
insight = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))

ORDER_ROWS = 10
TIMELINE_ROWS = 12
REVIEW_ROWS = 20
# A page number beyond this is nobody's.
_PAGE_MAX = 100_000
# Traits the head of the page shows already.
_IN_HEAD = frozenset({"rfm_group", "lifecycle_stage", "buyer_type", "province", "city"})
# What the drawer shows of them.
_DRAWER_TRAITS = (
    "monetary_minor", "frequency", "aov_minor", "recency_days", "cycle_days", "next_purchase_date",
)  # fmt: skip


@dataclass(frozen=True)
class Tile:
    """A trait with its words; ``kind`` decides how ``value`` is written."""

    name: str
    label: str
    explanation: str
    kind: str
    family: str
    value: Any


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
    profile = members.member_by_public_id(request.scope.brand_id, public_id)
    if profile is None or not _is_open(request, profile):
        raise Http404
    target = request.htmx.target if not request.htmx.history_restore_request else None
    if target == "member-orders":
        return render(request, "console/member_orders.html", _orders(request, profile))
    if target == "member-timeline":
        return render(request, "console/member_timeline.html", _timeline(request, profile))
    if target == "drawer-body":
        context = {**_head(request, profile), **_timeline(request, profile)}
        context["tiles"] = [tile for tile in context["tiles"] if tile.name in _DRAWER_TRAITS]
        return render(request, "console/member_drawer.html", context)
    context = {
        **_head(request, profile),
        **_orders(request, profile),
        **_timeline(request, profile),
        "reviews": commerce.reviews_of(
            request.scope.brand_id,
            [profile.id],
            limit=REVIEW_ROWS,
            shop_id=request.scope.only_shop_id,
        ).get(profile.id, []),
    }
    return render(request, "console/member.html", context)


def _is_open(request: HttpRequest, profile: MemberProfile) -> bool:
    """Whether the person may see the member: of the whole brand, or one of their shop's."""
    shop_id = request.scope.only_shop_id
    if shop_id is None or profile.first_shop_id == shop_id:
        return True
    return bool(commerce.order_totals(request.scope.brand_id, [profile.id], shop_id=shop_id))


def _head(request: HttpRequest, profile: MemberProfile) -> dict[str, Any]:
    """Who the member is and what insight says of them."""
    brand = request.scope.brand
    shop_id = request.scope.only_shop_id
    found = insight.member_traits(brand.pk, [profile.id], shop_id=shop_id)
    traits = found.get(profile.id, {})
    fresh = insight.freshness(Scope(brand.pk, shop_id))
    return {
        **_accounts(request, profile),
        "profile": profile,
        "person": profile.name or profile.number,
        "traits": traits,
        "tiles": [tile for tile in _tiles(traits, request) if tile.name not in _IN_HEAD],
        "fresh": fresh,
        "first_shop": _shops(request).get(profile.first_shop_id),
        "cycle": cycle_bar(
            last=local_day(traits.get("last_paid_at"), brand),
            cycle_days=traits.get("cycle_days"),
            as_of=fresh.as_of if fresh else None,
        ),
    }


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


def _tiles(traits: dict[str, Any], request: HttpRequest) -> list[Tile]:
    brand = request.scope.brand
    return [
        Tile(
            name=trait.name,
            label=words(trait),
            explanation=words(trait, "explain"),
            kind=trait.kind,
            family=CODE_FAMILIES.get(trait.name, ""),
            value=local_day(value, brand) if trait.kind == "time" else value,
        )
        for trait in TRAITS
        for value in (traits.get(trait.name),)
    ]


def _orders(request: HttpRequest, profile: MemberProfile) -> dict[str, Any]:
    """A page of orders with their lines and refunds: four queries however many orders."""
    brand_id, shop_id = request.scope.brand_id, request.scope.only_shop_id
    every = commerce.order_totals(brand_id, [profile.id], shop_id=shop_id)
    totals = every.get(profile.id, commerce.OrderTotals())
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


def _timeline(request: HttpRequest, profile: MemberProfile) -> dict[str, Any]:
    """What happened, newest first; the last page ends with the day the member was first seen."""
    number = _number(request, "timeline")
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
        "timeline": [(entry, shops.get(entry.shop_id)) for entry in entries[:TIMELINE_ROWS]],
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
