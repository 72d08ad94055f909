"""Platforms that push news: connect, see what came, try again, close."""

from __future__ import annotations

from datetime import UTC, datetime

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.api import tasks
from huitou.api.connections import close_connection, connections, open_connection
from huitou.api.intake.hooks import try_again
from huitou.api.models import Connection, HookState, IncomingHook, ParkedMessage, ReconcileRun
from huitou.api.platforms import PLATFORMS
from huitou.api.refusals import explained, refusal_text
from huitou.kernel.errors import RefusedInputError
from huitou.ui.roles import permission_required

PAGE_ROWS = 25
_PARKED_SHOWN = 20


@permission_required("webhooks.manage")
def page(request: HttpRequest) -> HttpResponse:
    """The connections of the brand and what they pushed; a post opens one."""
    refused = ""
    if request.method == "POST":
        shops = {str(shop.pk): shop for shop in request.scope.shops}
        shop = shops.get(request.POST.get("shop", ""))
        try:
            if shop is None:
                raise RefusedInputError("SHOP", _("Choose a shop."))
            open_connection(
                shop=shop,
                kind=request.POST.get("kind", ""),
                **{
                    name: request.POST.get(name, "")
                    for name in ("secret", "base_url", "app_key", "session")
                },
            )
            messages.success(request, _("Connected. Enter the address below on the platform."))
            return redirect("connections")
        except RefusedInputError as error:
            refused = refusal_text(error)
    context = _shown(request) | {"refused": refused, "posted": request.POST}
    return render(request, "api/connections.html", context, status=422 if refused else 200)


@require_POST
@permission_required("webhooks.manage")
def close(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Take no more pushes of a connection."""
    try:
        close_connection(
            brand_id=request.scope.brand.pk, connection_id=connection_id, now=datetime.now(UTC)
        )
        messages.success(request, _("The connection is closed. What came through it stays."))
    except RefusedInputError as error:
        messages.error(request, refusal_text(error))
    return redirect("connections")


@require_POST
@permission_required("webhooks.manage")
def ask_now(request: HttpRequest, connection_id: int) -> HttpResponse:
    """Let the platform be asked at once what its pushes did not bring."""
    found = Connection.objects.filter(
        brand=request.scope.brand, pk=connection_id, closed_at=None
    ).first()
    if found is not None:
        tasks.reconcile_soon(found.pk)
        messages.success(request, _("The platform is being asked; look again in a moment."))
    return redirect("connections")


@require_POST
@permission_required("webhooks.manage")
def again(request: HttpRequest, hook_id: int) -> HttpResponse:
    """Read a push again."""
    try:
        hook = try_again(brand_id=request.scope.brand.pk, hook_id=hook_id)
        tasks.process_soon(hook.connection_id)
        messages.success(request, _("The message is being read again."))
    except RefusedInputError as error:
        messages.error(request, refusal_text(error))
    return redirect("connections")


def _shown(request: HttpRequest) -> dict[str, object]:
    brand = request.scope.brand
    state = request.GET.get("state", "")
    hooks = IncomingHook.objects.filter(connection__brand=brand).defer("body")
    if state in HookState.values:
        hooks = hooks.filter(state=state)
    hooks = hooks.select_related("connection__shop").order_by("-id")
    parked = ParkedMessage.objects.filter(brand=brand, resolved_at=None).defer("body")
    hooks_page = Paginator(hooks, PAGE_ROWS).get_page(request.GET.get("page"))
    return {
        "rows": _rows(request, connections(brand.pk)),
        "kinds": Connection.Kind.choices,
        "state": state,
        "states": HookState.choices,
        "pages": hooks_page,
        "hooks": [(hook, explained(hook.error)) for hook in hooks_page],
        "parked": parked.order_by("-id")[:_PARKED_SHOWN],
        "parked_count": parked.count(),
    }


def _rows(request: HttpRequest, found: list[Connection]) -> list[dict[str, object]]:
    ids = [connection.pk for connection in found]
    counts = {
        row["connection"]: row
        for row in IncomingHook.objects.filter(connection__in=ids)
        .values("connection")
        .annotate(kept=Count("pk"), failed=Count("pk", filter=Q(state=HookState.FAILED)))
    }
    runs = ReconcileRun.objects.filter(connection__in=ids).order_by("connection_id", "-id")
    last = {run.connection_id: run for run in runs.distinct("connection_id")}
    return [
        {
            "connection": connection,
            "address": request.build_absolute_uri(reverse("hook", args=[connection.token])),
            "is_pushed": PLATFORMS[connection.kind].accept is not None,
            "counts": counts.get(connection.pk),
            "run": last.get(connection.pk),
            "error": explained(last[connection.pk].error) if connection.pk in last else "",
        }
        for connection in found
    ]
