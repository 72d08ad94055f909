"""Which brand and shop a request is about."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.brands.access import access_by_brand
from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.brands.permissions import BRAND_WIDE, roles_with
from huitou.brands.queries import visible_brands

SESSION_BRAND = "brand"
SESSION_SHOP = "shop"


@dataclass(frozen=True)
class RequestScope:
    """What the signed-in person looks at; ``brand`` is None before any brand may be seen.

    ``brands`` are those the person may switch to, ``shops`` those they may see of the present
    brand; ``shop`` None means all shops, which somebody limited to shops never has.
    """

    brand: Brand | None = None
    shop: Shop | None = None
    brands: tuple[Brand, ...] = ()
    shops: tuple[Shop, ...] = ()
    # What the person may do in the brand, or in the shop; None: a superuser, or nobody.
    role: str | None = None
    # The person may see only ``shops`` of the brand, and always looks at one of them.
    is_limited: bool = False

    def allows(self, roles: frozenset[Role] | None) -> bool:
        """Whether the person's role in the brand is one of ``roles``; None asks for no role."""
        if roles is None:
            return True
        return self.brand is not None and (self.role is None or self.role in roles)

    def may(self, permission: str) -> bool:
        """Whether the person has ``permission`` (see ``huitou.brands.permissions``) here."""
        if self.is_limited and permission in BRAND_WIDE:
            return False
        return self.allows(roles_with(permission))

    @property
    def open_shops(self) -> tuple[Shop, ...]:
        """The shops whose records the person may open now.

        Somebody limited to shops may have another role in each: only that of the shop in view
        counts, so only its records are open.
        """
        return self.shops if self.shop is None or not self.is_limited else (self.shop,)

    @property
    def only_shop_id(self) -> int | None:
        """The one shop whose orders and figures a limited person sees; None: the whole brand's."""
        return self.shop_id if self.is_limited else None

    @property
    def brand_id(self) -> int | None:
        """The brand's key, or None without a brand."""
        return self.brand.pk if self.brand else None

    @property
    def shop_id(self) -> int | None:
        """The shop's key, or None for all shops."""
        return self.shop.pk if self.shop else None


def scope_of(staff: Staff, *, brand_slug: str | None, shop_slug: str | None) -> RequestScope:
    """The scope for the wanted slugs; a slug the person may not see falls back to the first brand.

    An unknown shop falls back to all shops, or to the first a limited person may see.
    """
    access = {} if staff.is_superuser else access_by_brand(staff)
    brands = tuple(visible_brands(staff, access))
    if not brands:
        return RequestScope()
    brand = next((b for b in brands if b.slug == brand_slug), brands[0])
    shops = tuple(Shop.objects.filter(brand=brand).order_by("id"))
    own = access.get(brand.pk)
    is_limited = own is not None and own.role is None
    if own is not None and is_limited:
        shops = tuple(shop for shop in shops if shop.pk in own.by_shop)
    shop = next((s for s in shops if s.slug == shop_slug), shops[0] if is_limited else None)
    role = own.role if own else None
    if own is not None and is_limited and shop is not None:
        role = own.by_shop[shop.pk]
    return RequestScope(brand, shop, brands, shops, role, is_limited)
