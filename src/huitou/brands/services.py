"""The only writers of groups, brands and shops."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.db.models import Q

from huitou.brands.models import Brand, Group, Platform, Shop
from huitou.kernel.errors import RefusedInputError

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_NAME_MAX = 80


def create_brand(
    *,
    slug: str,
    name: str,
    time_zone: str = "Asia/Shanghai",
    currency: str = "CNY",
    pinned_as_of: date | None = None,
    data_note_zh: str = "",
    data_note_en: str = "",
) -> Brand:
    """Create a brand.

    Raises ``RefusedInputError`` with the code ``SLUG``, ``NAME``, ``TIME_ZONE``, ``CURRENCY`` or
    ``BRAND_EXISTS``.
    """
    _check_slug(slug)
    if time_zone not in available_timezones():
        raise RefusedInputError(
            "TIME_ZONE", f"{time_zone!r} is not a time zone; write one like Asia/Shanghai or UTC."
        )
    if not _CURRENCY.match(currency):
        raise RefusedInputError(
            "CURRENCY", f"{currency!r} is not a currency code; write three letters like CNY."
        )
    try:
        with transaction.atomic():
            return Brand.objects.create(
                slug=slug,
                name=_checked_name(name),
                time_zone=time_zone,
                currency=currency,
                pinned_as_of=pinned_as_of,
                data_note_zh=data_note_zh,
                data_note_en=data_note_en,
            )
    except IntegrityError as error:
        raise RefusedInputError("BRAND_EXISTS", f"There is a brand {slug!r} already.") from error


def pin_brand(*, brand: Brand, as_of: date | None) -> None:
    """Fix "today" for ``brand``, for data that ended long ago; None lets the calendar run again."""
    brand.pinned_as_of = as_of
    brand.save(update_fields=["pinned_as_of"])


def create_shop(*, brand: Brand, slug: str, platform: str, name: str = "") -> Shop:
    """Create a shop of ``brand``; without ``name`` it is called by its slug.

    Raises ``RefusedInputError`` with the code ``SLUG``, ``NAME``, ``PLATFORM`` or ``SHOP_EXISTS``.
    """
    _check_slug(slug)
    if platform not in Platform.values:
        raise RefusedInputError(
            "PLATFORM",
            f"{platform!r} is not a platform; choose one of: {', '.join(Platform.values)}.",
        )
    try:
        with transaction.atomic():
            return Shop.objects.create(
                brand=brand, slug=slug, platform=platform, name=_checked_name(name or slug)
            )
    except IntegrityError as error:
        raise RefusedInputError(
            "SHOP_EXISTS", f"Brand {brand.slug!r} has a shop {slug!r} already."
        ) from error


def create_group(*, slug: str, name: str) -> Group:
    """Create a group of brands.

    Raises ``RefusedInputError``: ``SLUG``, ``NAME``, ``GROUP_EXISTS``.
    """
    _check_slug(slug)
    try:
        with transaction.atomic():
            return Group.objects.create(slug=slug, name=_checked_name(name))
    except IntegrityError as error:
        raise RefusedInputError("GROUP_EXISTS", f"There is a group {slug!r} already.") from error


def put_brand_into_group(*, brand: Brand, group: Group) -> None:
    """Make ``brand`` one of ``group``'s: people with a role in the group have it there at once.

    Raises ``RefusedInputError`` (``OTHER_GROUP``) for a brand of another group, whose people would
    lose it silently.
    """
    if not Brand.objects.filter(Q(group=None) | Q(group=group), pk=brand.pk).update(group=group):
        raise RefusedInputError(
            "OTHER_GROUP",
            f"Brand {brand.slug!r} belongs to another group; take it out there first.",
        )


def take_brand_out_of_group(*, brand: Brand, group: Group) -> None:
    """Make ``brand`` one of no group.

    Raises ``RefusedInputError`` (``NOT_IN_GROUP``) when it is none of ``group``'s.
    """
    if not Brand.objects.filter(pk=brand.pk, group=group).update(group=None):
        raise RefusedInputError("NOT_IN_GROUP", f"{brand.slug!r} is no brand of {group.slug!r}.")


def require_second_factor(*, brand_ids: Collection[int], required: bool) -> None:
    """Decide whether everybody of the brands must sign in with a second factor."""
    Brand.objects.filter(pk__in=brand_ids).update(two_factor_required=required)


def _check_slug(slug: str) -> None:
    if not _SLUG.match(slug):
        raise RefusedInputError(
            "SLUG", f"{slug!r} is not a slug: 1 to 40 lower-case letters, digits and hyphens."
        )


def _checked_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > _NAME_MAX or not cleaned.isprintable():
        raise RefusedInputError("NAME", f"A name has 1 to {_NAME_MAX} printable characters.")
    return cleaned
