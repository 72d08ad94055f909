"""Gives every request its brand and shop, and lets the audit log know who acts."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django_htmx.http import HttpResponseClientRedirect

from huitou.brands.sessions import touch_session
from huitou.eventlog.audit import Actor, acting
from huitou.ui.scope import SESSION_BRAND, SESSION_SHOP, RequestScope, scope_of

# Set at sign-in while the person still owes a second factor that their brand asks for.
SESSION_OWES_FACTOR = "owes_second_factor"
_SESSION_SEEN = "seen_at"
# A visit within this of the last one writes nothing.
_SEEN_SECONDS = 300
# What somebody who owes a second factor may still open.
_OPEN_TO_OWING = frozenset({"second_factor", "logout", "set_language", "theme"})

GetResponse = Callable[[HttpRequest], HttpResponse]


class ScopeMiddleware:
    """Sets ``request.scope``, a ``RequestScope`` read from the session on first use.

    Lazy, so that a page that needs no brand costs no query.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Hand the request on with its scope attached."""
        request.scope = SimpleLazyObject(lambda: _scope(request))
        return self.get_response(request)


class ActorMiddleware:
    """What a request writes is written by the person signed in, in the brand in view.

    Who it is, is asked only when something is written: a page that reads costs nothing. A door
    with callers of its own replaces ``request.actor``.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Hand the request on as done by its person."""
        request.actor = lambda: _actor(request)
        request.request_id = uuid.uuid4().hex
        with acting(lambda: request.actor()):
            return self.get_response(request)


class SignedInMiddleware:
    """Keeps a session alive while it is used, and keeps people who owe a second factor to it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Note the visit."""
        if request.user.is_authenticated:
            _touch(request)
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: object, args: object, kwargs: object
    ) -> HttpResponse | None:
        """Lead who owes a second factor to setting it up."""
        match = request.resolver_match
        if not request.session.get(SESSION_OWES_FACTOR) or not request.user.is_authenticated:
            return None
        if match and match.view_name in _OPEN_TO_OWING:
            return None
        if request.htmx:
            return HttpResponseClientRedirect(reverse("second_factor"))
        return redirect("second_factor")


def _scope(request: HttpRequest) -> RequestScope:
    if not request.user.is_authenticated:
        return RequestScope()
    return scope_of(
        request.user,
        brand_slug=request.session.get(SESSION_BRAND),
        shop_slug=request.session.get(SESSION_SHOP),
    )


def _actor(request: HttpRequest) -> Actor | None:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return None
    return Actor(
        "staff",
        id=user.pk,
        name=user.username,
        request=request.request_id,
        brand=request.scope.brand_id,
    )


def _touch(request: HttpRequest) -> None:
    """Renew the session and note the visit, once in a while."""
    now = datetime.now(UTC)
    seen = request.session.get(_SESSION_SEEN, 0)
    if now.timestamp() - seen > _SEEN_SECONDS:
        request.session[_SESSION_SEEN] = int(now.timestamp())
        touch_session(session_key=request.session.session_key or "", now=now)
