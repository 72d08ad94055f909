"""Which member a page may open: of the whole brand, or one who met the person's shop."""

from __future__ import annotations

from uuid import UUID

from django.http import Http404, HttpRequest

from huitou.commerce import queries as commerce
from huitou.members.queries import MemberProfile, member_by_public_id


def member_in_view(request: HttpRequest, public_id: UUID) -> MemberProfile:
    """The member with this number. Raises ``Http404`` where the person may not see them."""
    brand_id, shop_id = request.scope.brand_id, request.scope.only_shop_id
    profile = member_by_public_id(brand_id, public_id)
    if profile is None:
        raise Http404
    if shop_id is None or profile.first_shop_id == shop_id:
        return profile
    if not commerce.order_totals(brand_id, [profile.id], shop_id=shop_id):
        raise Http404
    return profile
