"""Who may open a page by role: finer than having a brand at all."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render

from huitou.brands.models import Role
from huitou.ui.access import View, brand_required

# Files and refused rows hold everything a platform exported, unmasked.
IMPORT_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.DEVELOPER})
MEMBER_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.ANALYST, Role.AGENT})
# Who may say that two members are one person, or that one is two.
IDENTITY_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.AGENT})
# Who may see a member's contact in clear, with a reason that goes on record.
UNMASK_ROLES = frozenset({Role.OWNER, Role.OPERATOR, Role.AGENT})
OWNER_ROLES = frozenset({Role.OWNER})


def roles_required(allowed: frozenset[Role]) -> Callable[[View], View]:
    """Let the view run only for superusers and those whose role in the brand is ``allowed``."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.scope.allows(allowed):  # type: ignore[attr-defined]  # by ScopeMiddleware
                return render(request, "ui/no_role.html", status=403)
            return view(request, *args, **kwargs)

        return brand_required(guarded)

    return decorate
