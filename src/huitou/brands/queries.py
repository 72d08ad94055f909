"""Reads of brands and shops for other rooms."""

from __future__ import annotations

from collections.abc import Iterable

from huitou.brands.models import Brand, Group, Shop, Staff
from huitou.kernel.errors import RefusedInputError


def visible_brands(staff: Staff, brand_ids: Iterable[int]) -> list[Brand]:
    """The brands of ``brand_ids`` (see ``access_by_brand``), oldest first; all for a superuser."""
    brands = Brand.objects.order_by("id")
    return list(brands if staff.is_superuser else brands.filter(pk__in=list(brand_ids)))


def group_by_slug(slug: str) -> Group:
    """The group ``slug``.

    Raises ``RefusedInputError`` (``UNKNOWN_GROUP``) naming those there are.
    """
    group = Group.objects.filter(slug=slug).first()
    if group is None:
        known = ", ".join(Group.objects.values_list("slug", flat=True)) or "none yet"
        raise RefusedInputError("UNKNOWN_GROUP", f"There is no group {slug!r}; known: {known}.")
    return group


def all_groups() -> list[Group]:
    """Every group, by its slug."""
    return list(Group.objects.order_by("slug"))


def staff_by_name(username: str) -> Staff:
    """The person who signs in as ``username``. Raises ``RefusedInputError`` (``STAFF``)."""
    staff = Staff.objects.filter(username=username).first()
    if staff is None:
        raise RefusedInputError("STAFF", f"There is no {username!r}.")
    return staff


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
