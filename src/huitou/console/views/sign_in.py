"""Signing in: password, then a code where the person has one; and the one-time link."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.contrib.auth import authenticate, login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from huitou.brands import lockouts, staffing
from huitou.brands.access import second_factor_required
from huitou.brands.models import Staff
from huitou.brands.second_factor import has_second_factor, take_code, take_recovery_code
from huitou.brands.sessions import record_session
from huitou.console.waits import wait_text
from huitou.kernel.errors import RefusedInputError
from huitou.ui.access import safe_redirect
from huitou.ui.middleware import SESSION_OWES_FACTOR

# Whose password was right and whose code is still missing, and since when.
_PENDING = "pending_staff"
_PENDING_SECONDS = 600
_BACKEND = "django.contrib.auth.backends.ModelBackend"


@never_cache
@sensitive_post_parameters("password")
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """The first step: name and password."""
    if request.user.is_authenticated:
        return redirect("dashboard")
    target = request.POST.get("next") or request.GET.get("next", "")
    context: dict[str, Any] = {"next": target}
    if request.method != "POST":
        return render(request, "console/login.html", context)
    username = request.POST.get("username", "")
    now = datetime.now(UTC)
    account, address = lockouts.account_door(username), lockouts.address_door(_address(request))
    until = lockouts.claim_attempt(account, address, now=now)
    context |= {"username": username, "wait": wait_text(until, now=now)}
    if until:
        return render(request, "console/login.html", context, status=429)
    staff = authenticate(request, username=username, password=request.POST.get("password", ""))
    if not isinstance(staff, Staff):
        return render(request, "console/login.html", {**context, "is_wrong": True})
    lockouts.succeed(forget=account, give_back=address)
    if has_second_factor(staff):
        request.session[_PENDING] = [staff.pk, int(now.timestamp()), target]
        return redirect("login_code")
    return _welcome(request, staff, now, target=target, owes=second_factor_required(staff))


@never_cache
def login_code(request: HttpRequest) -> HttpResponseBase:
    """The second step: the code of the authenticator app, or a recovery code."""
    now = datetime.now(UTC)
    staff_id, since, target = request.session.get(_PENDING, (None, 0, ""))
    staff = Staff.objects.filter(pk=staff_id, is_active=True).first()
    if staff is None or now.timestamp() - since > _PENDING_SECONDS:
        request.session.pop(_PENDING, None)
        return redirect("login")
    context: dict[str, Any] = {"person": staff.display_name or staff.username}
    if request.method == "POST":
        door = lockouts.code_door(staff.pk)
        until = lockouts.claim_attempt(door, now=now)
        code = request.POST.get("code", "")
        context["wait"] = wait_text(until, now=now)
        if until:
            return render(request, "console/login_code.html", context, status=429)
        if take_code(staff=staff, code=code, now=now) or take_recovery_code(
            staff=staff, code=code, now=now
        ):
            lockouts.succeed(forget=door)
            del request.session[_PENDING]
            return _welcome(request, staff, now, target=target)
        context["is_wrong"] = True
    return render(request, "console/login_code.html", context)


@never_cache
@sensitive_post_parameters("password")
def one_time_link(request: HttpRequest, token: str) -> HttpResponseBase:
    """Set the first or a forgotten password by a link somebody handed over."""
    now = timezone.now()
    staff = staffing.link_owner(token, now=now)
    context: dict[str, object] = {"staff": staff}
    if staff and request.method == "POST":
        try:
            staffing.use_link(token=token, password=request.POST.get("password", ""), now=now)
        except RefusedInputError as error:
            context["problem"] = str(error)
        else:
            return redirect("login")
    return render(request, "console/one_time_link.html", context, status=200 if staff else 410)


def _welcome(
    request: HttpRequest, staff: Staff, now: datetime, *, target: str, owes: bool = False
) -> HttpResponse:
    login(request, staff, backend=_BACKEND)
    request.session[SESSION_OWES_FACTOR] = owes
    record_session(
        staff=staff,
        session_key=request.session.session_key or "",
        address=_address(request),
        agent=request.headers.get("User-Agent", ""),
        now=now,
    )
    return redirect("second_factor") if owes else safe_redirect(request, target)


def _address(request: HttpRequest) -> str:
    return str(request.META.get("REMOTE_ADDR", ""))
