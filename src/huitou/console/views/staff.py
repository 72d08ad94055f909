"""Who works for the brand: invite, roles, deactivate, unlock, second factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from huitou.brands import lockouts, second_factor, sessions, staffing
from huitou.brands.models import Authenticator, Brand, GroupRole, Role, Staff, StaffRole
from huitou.brands.staffing import Grant
from huitou.kernel.errors import RefusedInputError
from huitou.ui.roles import permission_required


@dataclass(frozen=True)
class Person:
    """A person of the brand; ``may_manage``: whether the viewer may touch the account itself."""

    staff: Staff
    roles: list[StaffRole]
    group_roles: list[GroupRole]
    has_factor: bool
    is_locked: bool
    may_manage: bool


@permission_required("staff.manage")
def staff_list(request: HttpRequest) -> HttpResponse:
    """Everybody with a role in the brand, directly or by its group."""
    return render(
        request,
        "console/staff.html",
        {"people": _people(request), "roles": Role.choices, "all_shops": request.scope.shops},
    )


@permission_required("staff.manage")
def person(request: HttpRequest, staff_id: int) -> HttpResponse:
    """One person: their role in the brand, and the account."""
    found = _person(request, staff_id)
    return render(
        request,
        "console/staff_person.html",
        {
            "person": found,
            "roles": Role.choices,
            "all_shops": request.scope.shops,
            "present": found.roles[0].role if found.roles else "",
            "chosen": {role.shop_id for role in found.roles},
        },
    )


def _people(request: HttpRequest, *wanted: int) -> list[Person]:
    brand, now = request.scope.brand, datetime.now(UTC)
    mine = Q(roles__brand=brand) | Q(group_roles__group=brand.group_id) & Q(
        group_roles__group__isnull=False
    )
    found = Staff.objects.filter(mine).distinct().order_by("username")
    if wanted:
        found = found.filter(pk__in=wanted)
    staff = list(found)
    viewer = request.user
    assert isinstance(viewer, Staff)
    ids = [person.pk for person in staff]
    locked = lockouts.locked_names(now)
    factors = set(
        Authenticator.objects.filter(staff__in=ids, confirmed_at__isnull=False).values_list(
            "staff_id", flat=True
        )
    )
    roles = StaffRole.objects.filter(staff__in=ids, brand=brand).select_related("shop")
    of_group = GroupRole.objects.filter(staff__in=ids, group=brand.group_id).select_related("group")
    return [
        Person(
            staff=person,
            roles=[role for role in roles if role.staff_id == person.pk],
            group_roles=[role for role in of_group if role.staff_id == person.pk],
            has_factor=person.pk in factors,
            is_locked=bool(
                locked
                & {
                    lockouts.account_door(person.username).key,
                    lockouts.code_door(person.pk).key,
                }
            ),
            may_manage=staffing.may_manage(viewer, person),
        )
        for person in staff
    ]


@never_cache
@require_POST
@permission_required("staff.manage")
def invite(request: HttpRequest) -> HttpResponseBase:
    """Create a person with roles in the brand; their link is shown once."""
    brand = request.scope.brand
    try:
        staff = staffing.create_staff(
            username=request.POST.get("username", ""),
            password=None,
            grants=_grants(brand, request),
            display_name=request.POST.get("display_name", ""),
        )
    except RefusedInputError as error:
        messages.error(request, refusal(error))
        return redirect("staff")
    return _show_link(request, staff)


@require_POST
@permission_required("staff.manage")
def roles(request: HttpRequest, staff_id: int) -> HttpResponseBase:
    """Replace the roles of a person in the brand; no role takes the brand away."""
    person = _person(request, staff_id)
    if person.staff == request.user:
        messages.error(request, _("Your own roles are another owner's to change."))
        return redirect("staff")
    brand = request.scope.brand
    try:
        staffing.set_brand_roles(staff=person.staff, brand=brand, grants=_grants(brand, request))
    except RefusedInputError as error:
        messages.error(request, refusal(error))
    else:
        messages.success(request, _("Saved."))
    return redirect("staff")


@never_cache
@require_POST
@permission_required("staff.manage")
def account(request: HttpRequest, staff_id: int) -> HttpResponseBase:
    """Do ``what`` to an account: link, unlock, factor, deactivate or activate."""
    person = _person(request, staff_id)
    what = request.POST.get("what", "")
    if not person.may_manage or person.staff == request.user:
        messages.error(request, _("This account reaches beyond your brands."))
        return redirect("staff")
    if what == "link":
        return _show_link(request, person.staff)
    if what == "unlock":
        lockouts.unlock(username=person.staff.username, staff_id=person.staff.pk)
    elif what == "factor":
        second_factor.remove_second_factor(staff=person.staff)
        sessions.end_sessions(staff=person.staff)
    elif what in ("deactivate", "activate"):
        staffing.set_active(staff=person.staff, active=what == "activate")
    else:
        raise Http404
    messages.success(request, _("Done."))
    return redirect("staff")


def refusal(error: RefusedInputError) -> str:
    """What went wrong, in the person's language."""
    known = {
        "USERNAME": _("A user name has 1 to 150 characters."),
        "NAME": _("A name has at most 80 printable characters."),
        "STAFF_EXISTS": _("This user name is taken."),
        "ROLE": _("Choose a role."),
        "SHOP": _("The brand has no such shop."),
    }
    return known.get(error.code, str(error))


def _person(request: HttpRequest, staff_id: int) -> Person:
    found = _people(request, staff_id)
    if not found:
        raise Http404
    return found[0]


def _grants(brand: Brand, request: HttpRequest) -> Sequence[Grant]:
    """The role for the whole brand, or for the shops chosen."""
    role = request.POST.get("role", "")
    shops = request.POST.getlist("shop")
    if not role:
        return []
    return [Grant(brand.slug, role, shop) for shop in shops] or [Grant(brand.slug, role)]


def _show_link(request: HttpRequest, staff: Staff) -> HttpResponse:
    token = staffing.make_link(staff=staff, now=datetime.now(UTC))
    address = request.build_absolute_uri(reverse("one_time_link", args=[token]))
    context = {"person": staff, "address": address, "days": staffing.LINK_DAYS}
    return render(request, "console/staff_link.html", context)
