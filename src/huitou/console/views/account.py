"""A person's own account: name, password, second factor, browsers signed in."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import segno
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from huitou.brands import lockouts, second_factor, sessions, staffing
from huitou.brands.models import Staff
from huitou.console.waits import wait_text
from huitou.kernel.errors import RefusedInputError
from huitou.ui.middleware import SESSION_OWES_FACTOR


@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """The page."""
    now = datetime.now(UTC)
    current = request.session.session_key or ""
    context = {
        "has_factor": second_factor.has_second_factor(_self(request)),
        "codes_left": second_factor.recovery_codes_left(_self(request)),
        "sessions": sessions.sessions_of(_self(request), current=current, now=now),
        "languages": settings.LANGUAGES,
    }
    zone = request.scope.brand.time_zone if request.scope.brand else "UTC"
    with timezone.override(ZoneInfo(zone)):
        return render(request, "console/account.html", context)


@require_POST
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Change the name people read and the language."""
    language = request.POST.get("language", "")
    known = language if language in dict(settings.LANGUAGES) else ""
    try:
        staffing.change_profile(
            staff=_self(request), display_name=request.POST.get("display_name", ""), language=known
        )
    except RefusedInputError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Saved."))
    response = redirect("account")
    if known:
        response.set_cookie(settings.LANGUAGE_COOKIE_NAME, known, samesite="Lax")
    return response


@require_POST
@login_required
@sensitive_post_parameters("old", "password")
def password(request: HttpRequest) -> HttpResponse:
    """Change the password; other browsers are signed out."""
    staff, now = _self(request), datetime.now(UTC)
    door = lockouts.account_door(staff.username)
    if until := lockouts.claim_attempt(door, now=now):
        messages.error(request, wait_text(until, now=now, brand=request.scope.brand))
        return redirect("account")
    if not staff.check_password(request.POST.get("old", "")):
        messages.error(request, _("The present password is wrong."))
        return redirect("account")
    lockouts.succeed(forget=door)
    try:
        staffing.set_staff_password(staff=staff, password=request.POST.get("password", ""))
    except RefusedInputError as error:
        messages.error(request, str(error))
        return redirect("account")
    _stay_signed_in(request)
    messages.success(request, _("The password is changed; other browsers are signed out."))
    return redirect("account")


@never_cache
@login_required
def second_factor_page(request: HttpRequest) -> HttpResponse:
    """Set up an authenticator app: the QR, the first code, then the recovery codes once."""
    staff = _self(request)
    if second_factor.has_second_factor(staff):
        return redirect("account")
    problem = ""
    if request.method == "POST":
        try:
            codes = second_factor.confirm_set_up(
                staff=staff, code=request.POST.get("code", ""), now=datetime.now(UTC)
            )
        except RefusedInputError:
            problem = _("This code is not right. Mind the clock of the phone.")
        else:
            request.session[SESSION_OWES_FACTOR] = False
            return render(request, "console/recovery_codes.html", {"codes": codes})
    authenticator = second_factor.begin_set_up(staff=staff)
    picture = segno.make(second_factor.provisioning_uri(authenticator), error="m")
    return render(
        request,
        "console/second_factor.html",
        {
            "qr": picture.svg_data_uri(scale=5, border=2),
            "secret": second_factor.typed_secret(authenticator),
            "problem": problem,
            "owes": request.session.get(SESSION_OWES_FACTOR),
        },
    )


@require_POST
@login_required
def recovery_codes(request: HttpRequest) -> HttpResponse:
    """New recovery codes, shown once; a code of the app is asked for."""
    if not _code_is_right(request):
        return redirect("account")
    codes = second_factor.renew_recovery_codes(staff=_self(request))
    return render(request, "console/recovery_codes.html", {"codes": codes})


@require_POST
@login_required
def remove_second_factor(request: HttpRequest) -> HttpResponse:
    """Sign in without a code from now on; a last code is asked for."""
    if _code_is_right(request):
        second_factor.remove_second_factor(staff=_self(request))
        messages.success(request, _("You sign in without a code now."))
    return redirect("account")


@require_POST
@login_required
def end_sessions(request: HttpRequest) -> HttpResponse:
    """Sign out every other browser."""
    sessions.end_sessions(staff=_self(request), keep=request.session.session_key)
    messages.success(request, _("Other browsers are signed out."))
    return redirect("account")


def _code_is_right(request: HttpRequest) -> bool:
    now = datetime.now(UTC)
    door = lockouts.code_door(_self(request).pk)
    if until := lockouts.claim_attempt(door, now=now):
        messages.error(request, wait_text(until, now=now, brand=request.scope.brand))
        return False
    if not second_factor.take_code(
        staff=_self(request), code=request.POST.get("code", ""), now=now
    ):
        messages.error(request, _("This code is not right. Mind the clock of the phone."))
        return False
    lockouts.succeed(forget=door)
    return True


def _stay_signed_in(request: HttpRequest) -> None:
    """A changed password ends all sessions, this one too: begin it anew."""
    update_session_auth_hash(request, _self(request))
    sessions.record_session(
        staff=_self(request),
        session_key=request.session.session_key or "",
        address=str(request.META.get("REMOTE_ADDR", "")),
        agent=request.headers.get("User-Agent", ""),
        now=datetime.now(UTC),
    )


def _self(request: HttpRequest) -> Staff:
    assert isinstance(request.user, Staff)
    return request.user
