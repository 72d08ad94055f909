"""One person over the brands of a group, for people with a role on the group itself."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import SimpleLazyObject

from huitou.brands.access import brands_of_group
from huitou.brands.models import Brand, Staff
from huitou.commerce import queries as commerce
from huitou.commerce.queries import OrderTotals
from huitou.console.members_in_view import member_in_view
from huitou.eventlog.audit import record_access
from huitou.members import queries as members
from huitou.members.across_brands import members_elsewhere
from huitou.members.queries import MemberProfile
from huitou.ui.roles import permission_required

# Loads the analytic engine, which no other page needs.
insight = SimpleLazyObject(lambda: importlib.import_module("huitou.insight.queries"))

SEEN = "members.elsewhere"
_PERMISSION = "members.view"


@dataclass(frozen=True)
class BrandRow:
    """The person in one brand; ``kinds`` of key that say so, none in the brand in view."""

    brand: Brand
    profile: MemberProfile
    totals: OrderTotals
    stage: str | None
    kinds: tuple[str, ...]


def brands_in_reach(request: HttpRequest) -> list[Brand]:
    """The brands of the group that the signed-in person may look at together; often none."""
    staff = request.user
    if not isinstance(staff, Staff):
        return []
    return brands_of_group(staff, request.scope.brand, _PERMISSION)


@permission_required(_PERMISSION)
def elsewhere(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The person in every brand of the group; looking is a post, which each brand's log keeps."""
    brands = brands_in_reach(request)
    if not brands:
        return render(request, "ui/no_role.html", status=403)
    profile = member_in_view(request, public_id)
    context = {
        "profile": profile,
        "person": profile.name or profile.number,
        "rows": _rows(request, profile, brands) if request.method == "POST" else None,
        "group_brands": len(brands),
    }
    page = "member_elsewhere" if request.htmx else "member_elsewhere_page"
    return render(request, f"console/{page}.html", context)


@transaction.atomic
def _rows(request: HttpRequest, profile: MemberProfile, brands: Sequence[Brand]) -> list[BrandRow]:
    """The brand in view first; a few queries for each brand that knows the person."""
    here = request.scope.brand
    found: dict[int, dict[int, tuple[str, ...]]] = {here.pk: {profile.id: ()}}
    for match in members_elsewhere(here.pk, profile.id, [brand.pk for brand in brands]):
        found.setdefault(match.brand_id, {})[match.member_id] = match.kinds
    actor = request.actor()
    assert actor is not None  # the guard lets nobody in who is not signed in
    rows = []
    for brand in sorted(brands, key=lambda brand: brand != here):
        people = found.get(brand.pk, {})
        if not people:
            continue
        if brand != here:
            why = f"{here.name} {profile.number}"
            record_access(actor, SEEN, list(people), why, brand_id=brand.pk)
        rows += _rows_of(brand, people)
    return rows


def _rows_of(brand: Brand, people: dict[int, tuple[str, ...]]) -> list[BrandRow]:
    profiles = members.profiles(brand.pk, people)
    totals = commerce.order_totals(brand.pk, list(people))
    traits = insight.member_traits(brand.pk, list(people))
    return [
        BrandRow(
            brand=brand,
            profile=profile,
            totals=totals.get(member, OrderTotals()),
            stage=traits.get(member, {}).get("lifecycle_stage"),
            kinds=people[member],
        )
        for member, profile in profiles.items()
    ]
