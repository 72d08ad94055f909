"""The only writers of brands, shops and staff."""

from __future__ import annotations

import re
from datetime import date
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

from huitou.brands.models import Brand, Platform, Role, Shop, Staff, StaffRole
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


def create_staff(
    *, username: str, password: str, roles: dict[str, str] | None = None, display_name: str = ""
) -> Staff:
    """Create a person who may sign in; ``roles`` maps a brand's slug to a ``Role`` value.

    Raises ``RefusedInputError`` with the code ``USERNAME``, ``PASSWORD``, ``ROLE``, ``BRAND`` or
    ``STAFF_EXISTS``; nothing is created then.
    """
    wanted = roles or {}
    if not username.strip() or len(username) > 150:
        raise RefusedInputError("USERNAME", "A user name has 1 to 150 characters.")
    if unknown := sorted(set(wanted.values()) - set(Role.values)):
        raise RefusedInputError("ROLE", f"Unknown role {unknown[0]!r}; see Role.")
    brands = {brand.slug: brand for brand in Brand.objects.filter(slug__in=wanted)}
    if missing := sorted(wanted.keys() - brands.keys()):
        raise RefusedInputError("BRAND", f"There is no brand {missing[0]!r}.")
    _check_password(password, Staff(username=username, display_name=display_name))
    try:
        with transaction.atomic():
            staff = Staff.objects.create_user(
                username, password=password, display_name=display_name
            )
            StaffRole.objects.bulk_create(
                StaffRole(staff=staff, brand=brands[slug], role=role)
                for slug, role in wanted.items()
            )
    except IntegrityError as error:
        raise RefusedInputError("STAFF_EXISTS", f"There is a {username!r} already.") from error
    return staff


def set_staff_password(*, username: str, password: str) -> Staff:
    """Give a person a new password; their other sessions end.

    Raises ``RefusedInputError`` with the code ``STAFF`` or ``PASSWORD``.
    """
    staff = Staff.objects.filter(username=username).first()
    if staff is None:
        raise RefusedInputError("STAFF", f"There is no {username!r}.")
    _check_password(password, staff)
    staff.set_password(password)
    staff.save(update_fields=["password"])
    return staff


def _check_password(password: str, staff: Staff) -> None:
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise RefusedInputError("PASSWORD", " ".join(error.messages)) from error


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
