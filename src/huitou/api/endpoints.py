"""The OpenAPI endpoints under ``/api/v1/``: read, authorise, hand to the intake, answer.

Bodies go through ``bodies`` rather than Ninja's own reader, which is slower by an order of
magnitude and lets duplicate keys and NUL pass; Ninja keeps the routes, scopes and document.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from huitou.api.access import Bearer, caller, refuse_other_shops, require, sender_of, unauthorised
from huitou.api.answers import answered, described, refuse, said
from huitou.api.bodies import read_json
from huitou.api.intake.events import take_events
from huitou.api.intake.orders import take_orders
from huitou.api.member_endpoints import router as members
from huitou.api.messages import (
    EventBatch,
    OrderBatch,
    Webhook,
    WebhookList,
    WebhookWanted,
    schemas,
)
from huitou.api.models import Subscription
from huitou.api.problems import Fault, Problem, problem_response
from huitou.api.rules import batch_faults, order_faults
from huitou.api.subscriptions import close_subscription, living, open_subscription
from huitou.brands.models import Scope
from huitou.kernel.errors import RefusedInputError

logger = logging.getLogger(__name__)


class DescribedAPI(NinjaAPI):
    """Ninja's API, with the messages' own schemas in the document."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The OpenAPI document."""
        document = super().get_openapi_schema(**options)
        document["components"].setdefault("schemas", {}).update(schemas())
        return document


api = DescribedAPI(
    title="Huitou",
    version="1",
    description="Events, orders and members of a brand. Amounts are integers of the minor unit.",
    urls_namespace="api-v1",
    docs_url=None,
)
api.add_router("", members)


@api.post(
    "/events",
    auth=Bearer(Scope.EVENTS_WRITE),
    operation_id="send_events",
    openapi_extra=described(body="EventBatch", answer="Answer"),
)
def send_events(request: HttpRequest) -> HttpResponse:
    """Record up to 1,000 behaviour, order, logistics and custom events, each once by its id."""
    batch = read_json(request, EventBatch)
    who = caller(request)
    now = datetime.now(UTC)
    refuse(batch_faults(batch.events, now=now))
    if any(event.order is not None for event in batch.events):
        require(who, Scope.ORDERS_WRITE)
    refuse_other_shops(who, batch.events)
    items = take_events(sender_of(who), batch.events, now=now, origin=batch.origin)
    return answered(items)


@api.post(
    "/orders",
    auth=Bearer(Scope.ORDERS_WRITE),
    operation_id="send_orders",
    openapi_extra=described(body="OrderBatch", answer="Answer"),
)
def send_orders(request: HttpRequest) -> HttpResponse:
    """Record up to 1,000 orders as they stand at their ``updated_at``."""
    batch = read_json(request, OrderBatch)
    who = caller(request)
    now = datetime.now(UTC)
    refuse(
        [f for at, o in enumerate(batch.orders) for f in order_faults(o, f"/orders/{at}", now=now)]
    )
    refuse_other_shops(who, batch.orders)
    items = take_orders(sender_of(who), batch.orders, now=now, origin=batch.origin)
    return answered(items)


@api.get(
    "/webhooks",
    auth=Bearer(Scope.WEBHOOKS_MANAGE),
    operation_id="list_webhooks",
    openapi_extra=described(answer="WebhookList"),
)
def list_webhooks(request: HttpRequest) -> HttpResponse:
    """The webhooks of the brand that are not closed."""
    found = living(caller(request).brand_id).order_by("pk")
    return said(WebhookList([_webhook(subscription) for subscription in found]))


@api.post(
    "/webhooks",
    auth=Bearer(Scope.WEBHOOKS_MANAGE),
    operation_id="open_webhook",
    openapi_extra=described(body="WebhookWanted", answer="Webhook", status=201),
)
def open_webhook(request: HttpRequest) -> HttpResponse:
    """Let an address receive news. The answer holds the secret that signs them, only this once."""
    wanted = read_json(request, WebhookWanted)
    opened = open_subscription(
        brand_id=caller(request).brand_id,
        url=wanted.url,
        kinds=wanted.kinds,
        now=datetime.now(UTC),
    )
    return said(_webhook(opened.subscription, opened.secret), status=201)


@api.delete(
    "/webhooks/{public_id}",
    auth=Bearer(Scope.WEBHOOKS_MANAGE),
    operation_id="close_webhook",
    openapi_extra=described(answer="Webhook", extra=[404]),
)
def close_webhook(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Send no more to a webhook."""
    closed = close_subscription(
        brand_id=caller(request).brand_id, public_id=public_id, now=datetime.now(UTC)
    )
    return said(_webhook(closed))


def _webhook(subscription: Subscription, secret: str | None = None) -> Webhook:
    return Webhook(
        id=str(subscription.public_id),
        url=subscription.url,
        kinds=list(subscription.kinds),
        enabled=subscription.disabled_at is None,
        secret=secret,
    )


@api.exception_handler(Problem)
def _on_problem(request: HttpRequest, problem: Any) -> HttpResponse:
    return problem_response(cast(Problem, problem))


@api.exception_handler(RefusedInputError)
def _on_refused(request: HttpRequest, error: Any) -> HttpResponse:
    status = 404 if error.code.startswith("UNKNOWN_") else 422
    return problem_response(Problem(status, error.code, str(error)))


@api.exception_handler(AuthenticationError)
def _on_no_key(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(unauthorised())


@api.exception_handler(ValidationError)
def _on_parameters(request: HttpRequest, error: Any) -> HttpResponse:
    faults = [
        Fault("/" + "/".join(str(part) for part in e["loc"]), str(e["type"]).upper(), e["msg"])
        for e in error.errors
    ]
    return problem_response(Problem(422, "INVALID_PARAMETER", faults[0].detail, faults))


@api.exception_handler(OperationalError)
def _on_database(request: HttpRequest, error: Any) -> HttpResponse:
    logger.error("The database did not answer: %s", error)
    said = "Nothing was stored; send the same again in a moment."
    return problem_response(Problem(503, "NOT_READY", said, headers={"Retry-After": "5"}))


@api.exception_handler(Exception)
def _on_failure(request: HttpRequest, error: Any) -> HttpResponse:
    logger.error("A request to %s failed", request.path, exc_info=error)
    return problem_response(Problem(500, "FAILURE", "Nothing was stored; the cause is logged."))


def no_such_address(request: HttpRequest, rest: str) -> HttpResponse:
    """The answer at addresses that do not exist."""
    return problem_response(Problem(404, "UNKNOWN_ADDRESS", "See openapi.json for what there is."))


@api.exception_handler(HttpError)
def _on_http(request: HttpRequest, error: Any) -> HttpResponse:
    return problem_response(Problem(error.status_code, "REFUSED", str(error)))
