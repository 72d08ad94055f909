"""What other rooms ask of segments."""

from __future__ import annotations

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.members.queries import accounts_named, persons_of
from huitou.segments.models import Segment


def segment_by_slug(brand: Brand, slug: str) -> Segment:
    """The segment in use; raises ``RefusedInputError``: ``SEGMENT``."""
    found = Segment.objects.filter(brand=brand, slug=slug, archived_at=None).first()
    if found is None:
        raise RefusedInputError("SEGMENT", f"The brand has no segment {slug!r} in use.")
    return found


def member_named(brand: Brand, text: str) -> int:
    """The one member a member number or ``kind:value`` names.

    Raises ``RefusedInputError``: ``MEMBER`` when there is none, or more than one.
    """
    persons = set(persons_of(brand.pk, accounts_named(brand.pk, text)).values())
    if len(persons) != 1:
        how = "several members" if persons else "no member"
        raise RefusedInputError("MEMBER", f"{text!r} names {how} of the brand.")
    return persons.pop()
