"""Webhooks of other systems: open, see what was sent, send again, close."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from huitou.api.models import Delivery, DeliveryState, Subscription
from huitou.api.news import KINDS
from huitou.api.refusals import refusal_text
from huitou.api.subscriptions import close_subscription, key_id, open_subscription, replay
from huitou.kernel.errors import RefusedInputError
from huitou.ui.roles import permission_required

PAGE_ROWS = 25


@permission_required("webhooks.manage")
def page(request: HttpRequest) -> HttpResponse:
    """The webhooks of the brand and what was sent; a post opens one and shows its secret once."""
    context: dict[str, object] = {}
    status = 200
    if request.method == "POST":
        kinds = request.POST.getlist("kinds")
        try:
            opened = open_subscription(
                brand_id=request.scope.brand.pk,
                url=request.POST.get("url", "").strip(),
                kinds=kinds,
                now=datetime.now(UTC),
            )
            context |= {"opened": opened, "key_id": key_id(opened.secret)}
        except RefusedInputError as error:
            status = 422
            context |= {"refused": refusal_text(error), "posted": request.POST, "chosen": kinds}
    return render(request, "api/webhooks.html", _shown(request) | context, status=status)


@require_POST
@permission_required("webhooks.manage")
def close(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send no more to a webhook."""
    try:
        close_subscription(
            brand_id=request.scope.brand.pk, public_id=public_id, now=datetime.now(UTC)
        )
        messages.success(request, _("The webhook is closed."))
    except RefusedInputError as error:
        messages.error(request, refusal_text(error))
    return redirect("webhooks")


@require_POST
@permission_required("webhooks.manage")
def again(request: HttpRequest, delivery_id: int) -> HttpResponse:
    """Send a message again."""
    try:
        replay(brand_id=request.scope.brand.pk, delivery_id=delivery_id, now=datetime.now(UTC))
        messages.success(request, _("The message goes out again within a minute."))
    except RefusedInputError as error:
        messages.error(request, refusal_text(error))
    return redirect("webhooks")


def _shown(request: HttpRequest) -> dict[str, object]:
    brand = request.scope.brand
    state = request.GET.get("state", "")
    sent = Delivery.objects.filter(subscription__brand=brand).defer("body")
    if state in DeliveryState.values:
        sent = sent.filter(state=state)
    labels = {
        "orders.recorded": _("Orders"),
        "members.recorded": _("New members"),
        "events.recorded": _("Events"),
    }
    return {
        "rows": [
            (subscription, [labels[kind] for kind in subscription.kinds])
            for subscription in Subscription.objects.filter(brand=brand).order_by(
                "disabled_at", "-pk"
            )
        ],
        "kinds": [(kind, labels[kind]) for kind in KINDS],
        "state": state,
        "states": DeliveryState.choices,
        "deliveries": Paginator(
            sent.select_related("subscription").order_by("-id"), PAGE_ROWS
        ).get_page(request.GET.get("page")),
    }
