"""API keys: make, show once, revoke."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.api.refusals import refusal_text
from huitou.brands.api_keys import api_keys, issue_api_key, revoke_api_key
from huitou.brands.models import Scope, Staff
from huitou.kernel.errors import RefusedInputError
from huitou.ui.roles import permission_required


@permission_required("api_keys.manage")
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of the brand; a post makes one and shows it, this once."""
    context: dict[str, object] = {}
    status = 200
    if request.method == "POST":
        shops = {str(shop.pk): shop for shop in request.scope.shops}
        scopes = request.POST.getlist("scopes")
        try:
            issued = issue_api_key(
                brand=request.scope.brand,
                name=request.POST.get("name", ""),
                scopes=scopes,
                shop=shops.get(request.POST.get("shop", "")),
                created_by=cast(Staff, request.user),
            )
            context["issued"] = issued
        except RefusedInputError as error:
            status = 422
            context |= {"refused": refusal_text(error), "posted": request.POST, "chosen": scopes}
    labels = dict(Scope.choices)
    context["rows"] = [
        (key, [labels.get(scope, scope) for scope in key.scopes])
        for key in api_keys(request.scope.brand.pk)
    ]
    context["scopes"] = Scope.choices
    context["base"] = request.build_absolute_uri("/api/v1/")
    return render(request, "api/keys.html", context, status=status)


@require_POST
@permission_required("api_keys.manage")
def revoke(request: HttpRequest, prefix: str) -> HttpResponse:
    """End a key for good."""
    try:
        key = revoke_api_key(brand_id=request.scope.brand.pk, prefix=prefix, now=datetime.now(UTC))
        messages.success(request, _("The key %(name)s is revoked.") % {"name": key.name})
    except RefusedInputError as error:
        messages.error(request, refusal_text(error))
    return redirect("api_keys")
