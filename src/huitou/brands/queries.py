"""Reads of brands and shops for other rooms."""

from __future__ import annotations

from collections.abc import Mapping

from huitou.brands.models import Brand, Shop, Staff
from huitou.kernel.errors import RefusedInputError


def roles_by_brand(staff: Staff) -> dict[int, str]:
    """The role of ``staff`` in each brand they have one in."""
    return dict(staff.roles.values_list("brand_id", "role"))


def visible_brands(staff: Staff, roles: Mapping[int, str]) -> list[Brand]:
    """The brands of ``roles`` (see ``roles_by_brand``), oldest first; all for a superuser."""
    brands = Brand.objects.order_by("id")
    return list(brands if staff.is_superuser else brands.filter(pk__in=roles))


def brand_by_slug(slug: str) -> Brand:
    """The brand ``slug``.

    Raises ``RefusedInputError`` (``UNKNOWN_BRAND``) naming those there are.
    """
    brand = Brand.objects.filter(slug=slug).first()
    if brand is None:
        known = ", ".join(Brand.objects.values_list("slug", flat=True)) or "none yet"
        raise RefusedInputError("UNKNOWN_BRAND", f"There is no brand {slug!r}; known: {known}.")
    return brand


def shop_by_slug(brand: Brand, slug: str) -> Shop:
    """The shop ``slug`` of ``brand``.

    Raises ``RefusedInputError`` (``UNKNOWN_SHOP``) naming those there are.
    """
    shop = Shop.objects.filter(brand=brand, slug=slug).first()
    if shop is None:
        known = ", ".join(brand.shops.values_list("slug", flat=True)) or "none yet"
        raise RefusedInputError(
            "UNKNOWN_SHOP", f"Brand {brand.slug!r} has no shop {slug!r}; known: {known}."
        )
    return shop


def all_brands() -> list[Brand]:
    """Every brand, oldest first."""
    return list(Brand.objects.order_by("id"))


def all_shops(brand: Brand | None = None) -> list[Shop]:
    """Every shop with its brand, of ``brand`` only when given."""
    shops = Shop.objects.select_related("brand").order_by("id")
    return list(shops if brand is None else shops.filter(brand=brand))
