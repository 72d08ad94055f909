"""Which brand and shop a request is about."""

from __future__ import annotations

from dataclasses import dataclass

from huitou.brands.models import Brand, Role, Shop, Staff
from huitou.brands.queries import roles_by_brand, visible_brands

SESSION_BRAND = "brand"
SESSION_SHOP = "shop"


@dataclass(frozen=True)
class RequestScope:
    """What the signed-in person looks at; ``brand`` is None before any brand may be seen.

    ``brands`` are those the person may switch to, ``shops`` those of the present brand;
    ``shop`` None means all shops.
    """

    brand: Brand | None = None
    shop: Shop | None = None
    brands: tuple[Brand, ...] = ()
    shops: tuple[Shop, ...] = ()
    # What the person may do in the brand; None: a superuser, or nobody.
    role: str | None = None

    def allows(self, roles: frozenset[Role] | None) -> bool:
        """Whether the person's role in the brand is one of ``roles``; None asks for no role."""
        if roles is None:
            return True
        return self.brand is not None and (self.role is None or self.role in roles)

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

    An unknown shop falls back to all shops.
    """
    roles = roles_by_brand(staff)
    brands = tuple(visible_brands(staff, roles))
    if not brands:
        return RequestScope()
    brand = next((b for b in brands if b.slug == brand_slug), brands[0])
    role = None if staff.is_superuser else roles[brand.pk]
    shops = tuple(Shop.objects.filter(brand=brand).order_by("id"))
    shop = next((s for s in shops if s.slug == shop_slug), None)
    return RequestScope(brand=brand, shop=shop, brands=brands, shops=shops, role=role)
