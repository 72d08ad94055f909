"""Who may open a page: the decorators of every door's views."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect

View = Callable[..., HttpResponseBase]


def brand_required(view: View) -> View:
    """Let ``view`` run only for a signed-in person who may see a brand.

    Others are sent to sign in (a fragment request makes the whole page go there), or told that they
    have no brand yet. Times are shown in the brand's time zone. Pages hold customer data, so
    browsers and proxies are told not to store them unless the view itself allows it.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated:
            if request.htmx:
                return HttpResponseClientRedirect(reverse("login"))
            return redirect_to_login(request.get_full_path())
        if request.scope.brand is None:
            return render(request, "ui/no_brand.html", status=403)
        with timezone.override(ZoneInfo(request.scope.brand.time_zone)):
            response = view(request, *args, **kwargs)
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        patch_vary_headers(response, ["HX-Request", "Cookie"])
        return response

    return guarded


def safe_next(request: HttpRequest, fallback: str = "dashboard") -> HttpResponse:
    """Redirect to the ``next`` field when it is a page of this site, else to ``fallback``."""
    return safe_redirect(request, request.POST.get("next", ""), fallback)


def safe_redirect(request: HttpRequest, target: str, fallback: str = "dashboard") -> HttpResponse:
    """Redirect to ``target`` when it is a page of this site, else to ``fallback``."""
    if url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        return redirect(target)
    return redirect(fallback)
