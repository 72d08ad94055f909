"""What a person chooses for themselves: brand, shop, theme and the colour of a rise."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from huitou.ui.access import safe_next
from huitou.ui.context import THEME_COOKIE, THEMES, TREND_COLOUR_COOKIE, TREND_COLOURS
from huitou.ui.scope import SESSION_BRAND, SESSION_SHOP

COOKIE_SECONDS = 365 * 24 * 3600


@login_required
@require_POST
def choose_scope(request: HttpRequest) -> HttpResponse:
    """Switch to the posted ``brand`` (and all its shops) or to the posted ``shop``.

    A slug the person may not see is ignored when the scope is read.
    """
    if "brand" in request.POST:
        request.session[SESSION_BRAND] = request.POST["brand"]
        request.session[SESSION_SHOP] = None
    if "shop" in request.POST:
        request.session[SESSION_SHOP] = request.POST["shop"] or None
    return safe_next(request)


@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Remember light or dark in a cookie, so that the server renders it without a flash."""
    return _remember(request, "theme", THEME_COOKIE, THEMES)


@require_POST
def choose_rise_colour(request: HttpRequest) -> HttpResponse:
    """Remember whether a rise is shown red or green."""
    return _remember(request, "rise", TREND_COLOUR_COOKIE, TREND_COLOURS)


def _remember(
    request: HttpRequest, field: str, cookie: str, allowed: tuple[str, ...]
) -> HttpResponse:
    response = safe_next(request)
    value = request.POST.get(field)
    if value in allowed:
        response.set_cookie(
            cookie,
            value,
            max_age=COOKIE_SECONDS,
            samesite="Lax",
            secure=request.is_secure(),
        )
    return response
