"""Makers of the records tests begin with; names are invented and say what they are."""

from __future__ import annotations

from itertools import count
from typing import Any

from huitou.brands.models import Brand, Role, Shop, Staff, StaffRole
from huitou.members.contacts import stored_values
from huitou.members.models import CONTACT_KINDS, Identity

_numbers = count(1)


def make_brand(**fields: Any) -> Brand:
    """A Chinese brand with CNY unless told otherwise."""
    number = next(_numbers)
    values = {"slug": f"brand-{number}", "name": f"Brand {number}", **fields}
    return Brand.objects.create(**values)


def make_shop(brand: Brand | None = None, **fields: Any) -> Shop:
    """A Taobao shop, of a new brand when none is given."""
    number = next(_numbers)
    values = {
        "slug": f"shop-{number}",
        "name": f"Shop {number}",
        "platform": "taobao",
        **fields,
    }
    return Shop.objects.create(brand=brand or make_brand(), **values)


def make_staff(brand: Brand | None = None, *, role: Role = Role.OPERATOR, **fields: Any) -> Staff:
    """A staff member with password ``password``; with ``role`` in ``brand`` when one is given."""
    values = {"username": f"staff-{next(_numbers)}", **fields}
    staff = Staff.objects.create_user(password="password", **values)
    if brand is not None:
        StaffRole.objects.create(staff=staff, brand=brand, role=role)
    return staff


def make_identity(**fields: Any) -> Identity:
    """An identifier of an account; a contact lies sealed under its pseudonym."""
    kind, value, brand = fields["kind"], fields["value"], fields["brand"]
    (stored,) = stored_values(brand.pk, kind, [value])
    sealed = value if kind in CONTACT_KINDS else None
    return Identity.objects.create(**{**fields, "value": stored, "sealed": sealed})
