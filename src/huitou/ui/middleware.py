"""Gives every request its brand and shop."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from huitou.ui.scope import SESSION_BRAND, SESSION_SHOP, RequestScope, scope_of


class ScopeMiddleware:
    """Sets ``request.scope``, a ``RequestScope`` read from the session on first use.

    Lazy, so that a page that needs no brand costs no query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Hand the request on with its scope attached."""
        request.scope = SimpleLazyObject(lambda: _scope(request))
        return self.get_response(request)


def _scope(request: HttpRequest) -> RequestScope:
    if not request.user.is_authenticated:
        return RequestScope()
    return scope_of(
        request.user,
        brand_slug=request.session.get(SESSION_BRAND),
        shop_slug=request.session.get(SESSION_SHOP),
    )
