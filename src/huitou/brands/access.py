"""What a person may see: their role in each brand, and the shops it is limited to."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType

from django.db.models import F

from huitou.brands.models import Brand, GroupRole, Staff, StaffRole
from huitou.brands.permissions import roles_with


@dataclass(frozen=True)
class BrandAccess:
    """A person's role in a brand; ``role`` None: only in the shops of ``by_shop`` (id → role)."""

    role: str | None = None
    by_shop: MappingProxyType[int, str] = field(default_factory=lambda: MappingProxyType({}))


def access_by_brand(staff: Staff) -> dict[int, BrandAccess]:
    """Brand id → what ``staff`` may see there; brands they have no role in are absent.

    A role for the whole brand wins over one for a shop, and any of the brand over the group's.
    Superusers are not in it: they need no role.
    """
    of_group = GroupRole.objects.filter(staff=staff, group__brands__isnull=False).values_list(
        F("group__brands__id"), "role"
    )
    found = {brand_id: BrandAccess(role) for brand_id, role in of_group}
    rows = list(StaffRole.objects.filter(staff=staff).values_list("brand_id", "shop_id", "role"))
    whole = {brand_id: role for brand_id, shop_id, role in rows if shop_id is None}
    for brand_id in {row[0] for row in rows}:
        shops = {shop: role for brand, shop, role in rows if brand == brand_id and shop is not None}
        if brand_id in whole:
            found[brand_id] = BrandAccess(whole[brand_id])
        else:
            found[brand_id] = BrandAccess(None, MappingProxyType(shops))
    return found


def second_factor_required(staff: Staff) -> bool:
    """Whether ``staff`` must sign in with a code: by themselves, or by a brand of theirs."""
    if staff.two_factor_required:
        return True
    return Brand.objects.filter(two_factor_required=True, pk__in=access_by_brand(staff)).exists()


def brands_of_group(staff: Staff, brand: Brand, permission: str) -> list[Brand]:
    """The brands of ``brand``'s group in which ``staff`` has ``permission``, this one included.

    Only for people whose role on the group itself carries the permission: roles in several of its
    brands do not add up to one in the group. A brand that limits the person is left out; where
    ``brand`` itself does, and where it belongs to no group, there are none.
    """
    if brand.group_id is None:
        return []
    brands = list(Brand.objects.filter(group_id=brand.group_id).order_by("name", "id"))
    if staff.is_superuser:
        return brands
    allowed = roles_with(permission)
    if not GroupRole.objects.filter(
        staff=staff, group_id=brand.group_id, role__in=allowed
    ).exists():
        return []
    access = access_by_brand(staff)
    found = [one for one in brands if one.pk in access and access[one.pk].role in allowed]
    return found if brand in found else []
