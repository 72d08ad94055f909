"""The OpenAPI endpoints under ``/api/v1/``: read, authorise, hand to the intake, answer.

Bodies go through ``bodies`` rather than Ninja's own reader, which is slower by an order of
magnitude and lets duplicate keys and NUL pass; Ninja keeps the routes, scopes and document.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import msgspec
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from huitou.api.access import Bearer, caller, unauthorised
from huitou.api.bodies import read_json
from huitou.api.intake.events import take_events
from huitou.api.intake.identifiers import key_value
from huitou.api.intake.members import take_members
from huitou.api.intake.orders import take_orders
from huitou.api.intake.senders import Sender
from huitou.api.messages import (
    Answer,
    Event,
    EventBatch,
    FoundIdentity,
    FoundMember,
    IdentifierKind,
    Item,
    Member,
    MemberBatch,
    Order,
    OrderBatch,
    Webhook,
    WebhookList,
    WebhookWanted,
    schemas,
)
from huitou.api.models import Subscription
from huitou.api.problems import Fault, Problem, problem_response
from huitou.api.rules import batch_faults, member_faults, order_faults
from huitou.api.subscriptions import close_subscription, living, open_subscription
from huitou.brands.api_keys import Caller
from huitou.brands.models import Scope, Shop
from huitou.kernel.errors import RefusedInputError
from huitou.members.lookup import KnownMember, member_by_identifier, member_by_public_id
from huitou.members.queries import masked

logger = logging.getLogger(__name__)

_PROBLEMS = {
    400: "The body cannot be read",
    401: "No living key",
    403: "The key lacks the scope or the shop",
    413: "The body is too large",
    415: "The body is not JSON",
    422: "A value breaks a rule",
    429: "Too many requests; see Retry-After",
}
_CONTACTS = frozenset({"phone", "email", "payment_account"})


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


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def described(
    *, body: str | None = None, answer: str | None, status: int = 200, extra: Sequence[int] = ()
) -> dict[str, Any]:
    """What the document says of an operation: body, answer, and the problems it may meet."""
    codes = [401, 403, 422, 429, *extra, *((400, 413, 415) if body else ())]
    responses: dict[int, Any] = {
        code: {
            "description": _PROBLEMS.get(code, "There is no such thing"),
            "content": {"application/problem+json": {"schema": _ref("ProblemText")}},
        }
        for code in sorted(codes)
    }
    done: dict[str, Any] = {"description": "Done"}
    if answer:
        done["content"] = {"application/json": {"schema": _ref(answer)}}
    result: dict[str, Any] = {"responses": {status: done, **responses}}
    if body:
        content = {"application/json": {"schema": _ref(body)}}
        result["requestBody"] = {"required": True, "content": content}
    return result


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
        _require(who, Scope.ORDERS_WRITE)
    _refuse_other_shops(who, batch.events)
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
    _refuse_other_shops(who, batch.orders)
    items = take_orders(sender_of(who), batch.orders, now=now, origin=batch.origin)
    return answered(items)


@api.post(
    "/members",
    auth=Bearer(Scope.MEMBERS_WRITE),
    operation_id="send_members",
    openapi_extra=described(body="MemberBatch", answer="Answer"),
)
def send_members(request: HttpRequest) -> HttpResponse:
    """Record up to 1,000 declared member profiles."""
    batch = read_json(request, MemberBatch)
    who = caller(request)
    now = datetime.now(UTC)
    refuse(
        [
            f
            for at, m in enumerate(batch.members)
            for f in member_faults(m, f"/members/{at}", now=now)
        ]
    )
    _refuse_other_shops(who, batch.members)
    items = take_members(sender_of(who), batch.members, now=now, origin=batch.origin)
    return answered(items)


@api.get(
    "/members",
    auth=Bearer(Scope.MEMBERS_READ, Scope.MEMBERS_READ_PII),
    operation_id="find_member",
    openapi_extra=described(answer="FoundMember", extra=[404]),
)
def find_member(request: HttpRequest, kind: IdentifierKind, value: str) -> HttpResponse:
    """The member with an identifier, such as ``kind=phone&value=13800001234``."""
    key = None if "\x00" in value else key_value(kind, value[:254])
    found = member_by_identifier(caller(request).brand_id, kind, key) if key else None
    return _shown(request, found)


@api.get(
    "/members/{public_id}",
    auth=Bearer(Scope.MEMBERS_READ, Scope.MEMBERS_READ_PII),
    operation_id="get_member",
    openapi_extra=described(answer="FoundMember", extra=[404]),
)
def get_member(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The member with a public id."""
    return _shown(request, member_by_public_id(caller(request).brand_id, public_id))


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


def sender_of(who: Caller) -> Sender:
    """For whom ``who`` sends."""
    return Sender(who.brand_id, who.currency, who.time_zone, who.shop_id)


def refuse(faults: list[Fault]) -> None:
    """Raise ``Problem`` (422) when there are ``faults``; at most twenty are told."""
    if faults:
        first = faults[0]
        raise Problem(422, "INVALID_BODY", f"{first.detail} at {first.pointer}", faults[:20])


def answered(items: Sequence[Item]) -> HttpResponse:
    """The answer to a batch."""
    counts = Counter(item.outcome for item in items)
    return said(
        Answer(
            stored=counts["stored"],
            updated=counts["updated"],
            unchanged=counts["unchanged"],
            outdated=counts["outdated"],
            parked=counts["parked"],
            items=list(items),
        )
    )


def said(content: Any, status: int = 200) -> HttpResponse:
    """``content`` as JSON that nobody keeps."""
    return HttpResponse(
        msgspec.json.encode(content),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def _shown(request: HttpRequest, found: KnownMember | None) -> HttpResponse:
    if found is None:
        raise Problem(404, "UNKNOWN_MEMBER", "No member of this brand has this identifier.")
    hidden = Scope.MEMBERS_READ_PII not in caller(request).scopes
    hide = masked if hidden else str
    return said(
        FoundMember(
            id=str(found.public_id),
            name=found.name,
            phone=hide(found.phone),
            email=hide(found.email) if found.email else "",
            gender=found.gender,
            birthday=None if hidden else found.birthday,
            province=found.province,
            city=found.city,
            created_at=found.created_at,
            masked=hidden,
            identities=[
                FoundIdentity(platform, kind, hide(value) if kind in _CONTACTS else value)
                for platform, kind, value in found.identities
            ],
        )
    )


def _require(who: Caller, scope: Scope) -> None:
    if scope not in who.scopes:
        raise Problem(403, "SCOPE", f"This key lacks the scope {scope.value}.")


def _refuse_other_shops(who: Caller, messages: Sequence[Event | Order | Member]) -> None:
    """A key of one shop speaks of that shop only."""
    if who.shop_id is None:
        return
    own = Shop.objects.values_list("slug", flat=True).get(pk=who.shop_id)
    for message in messages:
        inner = message.order if isinstance(message, Event) else None
        for slug in (message.shop, inner.shop if inner else None):
            if slug not in (None, own):
                raise Problem(403, "OTHER_SHOP", f"This key speaks for the shop {own!r} only.")


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
