"""Who may open a page by role: finer than having a brand at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from huitou.brands.models import Role, StaffRole
from huitou.ui.access import View, brand_required

# Files and refused rows hold everything a platform exported, unmasked.
IMPORT_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.DEVELOPER})
MEMBER_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AGENT})


def roles_required(allowed: frozenset[Role]) -> Callable[[View], View]:
    """Let the view run only for superusers and those whose role in the brand is ``allowed``."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not _has_role(request, allowed):
                return render(request, "ui/no_role.html", status=403)
            return view(request, *args, **kwargs)

        return brand_required(guarded)

    return decorate


def _has_role(request: HttpRequest, allowed: frozenset[Role]) -> bool:
    if request.user.is_superuser:
        return True
    brand_id = request.scope.brand_id  # type: ignore[attr-defined]  # set by ScopeMiddleware
    mine = StaffRole.objects.filter(staff=request.user.pk, brand_id=brand_id)
    return mine.filter(role__in=[role.value for role in allowed]).exists()
