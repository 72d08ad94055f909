"""The only writers of staff and their roles."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from huitou.brands.access import access_by_brand
from huitou.brands.models import (
    Brand,
    Group,
    GroupRole,
    Role,
    Shop,
    SignInLink,
    Staff,
    StaffRole,
)
from huitou.brands.sessions import end_sessions
from huitou.kernel.errors import RefusedInputError

# Long enough to reach somebody over a week-end, short enough for a forgotten chat.
LINK_DAYS = 3
_USERNAME_MAX = 150
_NAME_MAX = 80


@dataclass(frozen=True)
class Grant:
    """A role in a brand by its slug, limited to the shop ``shop`` unless that is empty."""

    brand: str
    role: str
    shop: str = ""


@dataclass(frozen=True)
class GroupGrant:
    """A role in every brand of the group with this slug."""

    group: str
    role: str


def create_staff(
    *,
    username: str,
    password: str | None,
    grants: Sequence[Grant] = (),
    group_grants: Sequence[GroupGrant] = (),
    display_name: str = "",
) -> Staff:
    """Create a person who may sign in; without ``password`` a one-time link must set it.

    Raises ``RefusedInputError`` with the code ``USERNAME``, ``NAME``, ``PASSWORD``, ``ROLE``,
    ``BRAND``, ``SHOP``, ``GROUP`` or ``STAFF_EXISTS``; nothing is created then.
    """
    if not username.strip() or len(username) > _USERNAME_MAX or not username.isprintable():
        raise RefusedInputError("USERNAME", "A user name has 1 to 150 characters.")
    rows, group_rows = _resolved(grants), _resolved_groups(group_grants)
    person = Staff(username=username, display_name=_checked_name(display_name))
    if password is not None:
        check_password(password, person)
    try:
        with transaction.atomic():
            staff = Staff.objects.create_user(
                username, password=password, display_name=person.display_name
            )
            _add(staff, rows, group_rows)
    except IntegrityError as error:
        raise RefusedInputError("STAFF_EXISTS", f"There is a {username!r} already.") from error
    return staff


@transaction.atomic
def set_brand_roles(*, staff: Staff, brand: Brand, grants: Sequence[Grant]) -> None:
    """Replace the roles of ``staff`` in ``brand`` by ``grants``; no grants takes the brand away.

    Raises ``RefusedInputError`` with the code ``ROLE``, ``BRAND`` or ``SHOP``.
    """
    rows = _resolved(grants)
    if any(row.brand_id != brand.pk for row in rows):
        raise RefusedInputError("BRAND", "A role of another brand cannot be given here.")
    wanted = {row.shop_id: row for row in rows}
    # A role that stays is changed, not replaced: the audit log then says from what to what.
    present = list(StaffRole.objects.select_for_update().filter(staff=staff, brand=brand))
    kept = [row for row in present if row.shop_id in wanted]
    for row in kept:
        row.role = wanted.pop(row.shop_id).role
    gone = [row.pk for row in present if row not in kept]
    StaffRole.objects.filter(pk__in=gone).delete()
    StaffRole.objects.bulk_update(kept, ["role"])
    _add(staff, list(wanted.values()), [])


@transaction.atomic
def set_all_roles(
    *, staff: Staff, grants: Sequence[Grant], group_grants: Sequence[GroupGrant]
) -> None:
    """Replace every role of ``staff``, in brands and groups, by those given.

    Raises ``RefusedInputError`` with the code ``ROLE``, ``BRAND``, ``SHOP`` or ``GROUP``.
    """
    rows, group_rows = _resolved(grants), _resolved_groups(group_grants)
    StaffRole.objects.filter(staff=staff).delete()
    GroupRole.objects.filter(staff=staff).delete()
    _add(staff, rows, group_rows)


def set_staff_password(*, staff: Staff, password: str) -> None:
    """Give a person a new password; their sessions end.

    Raises ``RefusedInputError`` with the code ``PASSWORD``.
    """
    check_password(password, staff)
    staff.set_password(password)
    staff.save(update_fields=["password"])
    end_sessions(staff=staff)


def set_active(*, staff: Staff, active: bool) -> None:
    """Let a person sign in, or no longer; their sessions end at once."""
    staff.is_active = active
    staff.save(update_fields=["is_active"])
    if not active:
        end_sessions(staff=staff)


def change_profile(*, staff: Staff, display_name: str, language: str) -> None:
    """Change what a person says of themselves. Raises ``RefusedInputError`` (``NAME``)."""
    staff.display_name = _checked_name(display_name)
    staff.language = language
    staff.save(update_fields=["display_name", "language"])


def make_link(*, staff: Staff, now: datetime) -> str:
    """A token good once, for ``LINK_DAYS`` days, to set a password; older links end."""
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        SignInLink.objects.filter(staff=staff, used_at=None).delete()
        SignInLink.objects.create(
            digest=_digest(token), staff=staff, expires_at=now + timedelta(days=LINK_DAYS)
        )
    return token


def link_owner(token: str, *, now: datetime) -> Staff | None:
    """Whom the link ``token`` belongs to while it is good."""
    link = (
        SignInLink.objects.select_related("staff")
        .filter(digest=_digest(token), used_at=None, expires_at__gt=now, staff__is_active=True)
        .first()
    )
    return link.staff if link else None


@transaction.atomic
def use_link(*, token: str, password: str, now: datetime) -> Staff:
    """Set the password of the link's owner; the link is used up.

    Raises ``RefusedInputError`` with the code ``LINK`` or ``PASSWORD``.
    """
    staff = link_owner(token, now=now)
    used = SignInLink.objects.filter(digest=_digest(token), used_at=None, expires_at__gt=now)
    if staff is None or not used.update(used_at=now):
        raise RefusedInputError("LINK", "This link was used or is too old; ask for a new one.")
    set_staff_password(staff=staff, password=password)
    return staff


def may_manage(actor: Staff, staff: Staff, role: Role = Role.OWNER) -> bool:
    """Whether ``actor`` may touch the account itself (not only roles in a brand of theirs).

    An account that reaches into brands the actor does not own is another owner's business too.
    """
    if actor.is_superuser:
        return True
    if staff.is_superuser:
        return False
    owned = {brand for brand, own in access_by_brand(actor).items() if own.role == role}
    return access_by_brand(staff).keys() <= owned


def check_password(password: str, staff: Staff) -> None:
    """Raises ``RefusedInputError`` (``PASSWORD``) for one that is too easy to guess."""
    try:
        validate_password(password, staff)
    except ValidationError as error:
        raise RefusedInputError("PASSWORD", " ".join(error.messages)) from error


def _resolved(grants: Sequence[Grant]) -> list[StaffRole]:
    _check_roles([grant.role for grant in grants])
    brands = {b.slug: b for b in Brand.objects.filter(slug__in={g.brand for g in grants})}
    if missing := sorted({g.brand for g in grants} - brands.keys()):
        raise RefusedInputError("BRAND", f"There is no brand {missing[0]!r}.")
    shops = {
        (s.brand_id, s.slug): s for s in Shop.objects.filter(slug__in={g.shop for g in grants})
    }
    rows: dict[tuple[int, int | None], StaffRole] = {}
    for grant in grants:
        brand = brands[grant.brand]
        shop = shops.get((brand.pk, grant.shop)) if grant.shop else None
        if grant.shop and shop is None:
            raise RefusedInputError("SHOP", f"Brand {brand.slug!r} has no shop {grant.shop!r}.")
        rows[brand.pk, shop.pk if shop else None] = StaffRole(
            brand=brand, shop=shop, role=grant.role
        )
    return list(rows.values())


def _resolved_groups(grants: Sequence[GroupGrant]) -> list[GroupRole]:
    _check_roles([grant.role for grant in grants])
    groups = {g.slug: g for g in Group.objects.filter(slug__in={g.group for g in grants})}
    if missing := sorted({g.group for g in grants} - groups.keys()):
        raise RefusedInputError("GROUP", f"There is no group {missing[0]!r}.")
    rows = {g.group: GroupRole(group=groups[g.group], role=g.role) for g in grants}
    return list(rows.values())


def _check_roles(roles: Sequence[str]) -> None:
    if unknown := sorted(set(roles) - set(Role.values)):
        raise RefusedInputError("ROLE", f"Unknown role {unknown[0]!r}; see Role.")


def _add(staff: Staff, rows: Sequence[StaffRole], group_rows: Sequence[GroupRole]) -> None:
    for row in rows:
        row.staff = staff
    for group_row in group_rows:
        group_row.staff = staff
    StaffRole.objects.bulk_create(rows)
    GroupRole.objects.bulk_create(group_rows)


def _checked_name(name: str) -> str:
    cleaned = name.strip()
    if len(cleaned) > _NAME_MAX or not (cleaned.isprintable() or not cleaned):
        raise RefusedInputError("NAME", f"A name has at most {_NAME_MAX} printable characters.")
    return cleaned


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
