"""Members for the tests of what is kept of them."""

from __future__ import annotations

from datetime import UTC, datetime

from huitou.brands.models import Brand
from huitou.members.models import Member

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)


def member(brand: Brand, person: Member | None = None) -> Member:
    """A member of the brand; a further account of ``person`` when given."""
    return Member.objects.create(brand=brand, name="沈知夏", merged_into=person)
