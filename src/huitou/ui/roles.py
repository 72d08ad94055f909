"""Who may open a page by role: finer than having a brand at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from huitou.brands.models import Role
from huitou.brands.permissions import roles_with
from huitou.ui.access import View, brand_required
from huitou.ui.scope import RequestScope

IMPORT_ROLES = roles_with("imports.manage")
MEMBER_ROLES = roles_with("members.view")


def roles_required(allowed: frozenset[Role]) -> Callable[[View], View]:
    """Let the view run only for superusers and those whose role in the brand is ``allowed``."""
    return _guarded(lambda scope: scope.allows(allowed))


def permission_required(permission: str) -> Callable[[View], View]:
    """Let the view run only for those with ``permission`` in the brand in view."""
    roles_with(permission)  # an unknown name fails when the module is read
    return _guarded(lambda scope: scope.may(permission))


def _guarded(allows: Callable[[RequestScope], bool]) -> Callable[[View], View]:
    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not allows(request.scope):  # type: ignore[attr-defined]  # by ScopeMiddleware
                return render(request, "ui/no_role.html", status=403)
            return view(request, *args, **kwargs)

        return brand_required(guarded)

    return decorate
