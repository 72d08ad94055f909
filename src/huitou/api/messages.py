"""The messages of the interface: what may be said, in what types and within what limits.

Money is integers of the currency's minor unit (``*_minor``); times carry their offset.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import Meta, Struct

from huitou.kernel.errors import RefusedInputError
from huitou.kernel.lunar_words import read_lunar_day

ITEMS_MAX = 1_000
# Far above any order, far below where sums of a brand leave 64 bits.
AMOUNT_MAX = 10**13

Key = Annotated[str, Meta(min_length=1, max_length=128)]
OrderNo = Annotated[str, Meta(min_length=1, max_length=64)]
Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
Moment = Annotated[datetime, Meta(tz=True)]
Minor = Annotated[int, Meta(ge=0, le=AMOUNT_MAX)]
Quantity = Annotated[int, Meta(ge=0, le=1_000_000)]
Short = Annotated[str, Meta(max_length=64)]
Text = Annotated[str, Meta(max_length=400)]
Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$")]
Scalar = (
    Annotated[str, Meta(max_length=1_000)]
    | Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]
    | float
    | bool
    | None
)
Properties = Annotated[
    dict[Annotated[str, Meta(min_length=1, max_length=64)], Scalar], Meta(max_length=32)
]

IdentifierKind = Literal[
    "buyer_id", "account", "buyer_nick", "customer_id", "payment_account", "unionid",
    "card_number", "phone", "email", "household_id",
]  # fmt: skip
BehaviourType = Literal["visit", "search", "view", "favourite", "cart", "consult", "pay"]
EventType = Literal[
    "visit", "search", "view", "favourite", "cart", "consult", "pay", "logistics", "custom",
    "order",
]  # fmt: skip
TraceStep = Literal[
    "picked_up", "departed", "arrived", "arrived_in_city", "out_for_delivery", "signed",
    "refused", "returned", "failed", "lost", "other",
]  # fmt: skip
Status = Literal[
    "created", "paid", "part_shipped", "shipped", "signed", "finished", "cancelled",
    "closed_refunded",
]  # fmt: skip


class Identifier(Struct, forbid_unknown_fields=True, frozen=True, gc=False):
    """What identifies a person on the shop's platform."""

    kind: IdentifierKind
    value: Annotated[str, Meta(min_length=1, max_length=254)]


class Line(Struct, forbid_unknown_fields=True):
    """One product of an order; ``id`` is the platform's own id of the line."""

    id: OrderNo
    product_code: Annotated[str, Meta(min_length=1, max_length=200)]
    product_title: Text = ""
    category: Annotated[str, Meta(max_length=120)] = ""
    variant: Annotated[str, Meta(max_length=200)] = ""
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    list_minor: Minor | None = None
    paid_minor: Minor | None = None
    discount_minor: Minor | None = None
    refunded_minor: Minor = 0


class Refund(Struct, forbid_unknown_fields=True):
    """A refund of an order; several may add up to what was paid."""

    id: OrderNo
    amount_minor: Minor
    status: Literal["open", "success", "closed"]
    reason: Text = ""
    requested_at: Moment | None = None
    finished_at: Moment | None = None


class Buyer(Struct, forbid_unknown_fields=True):
    """Who bought; the first identifier known here decides the member."""

    identifiers: Annotated[list[Identifier], Meta(max_length=3)] = []
    name: Annotated[str, Meta(max_length=120)] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""


class Order(Struct, forbid_unknown_fields=True):
    """An order as it stands at ``updated_at``; a statement older than the last one is ignored."""

    order_no: OrderNo
    updated_at: Moment
    status: Status
    paid_minor: Minor
    shop: Slug | None = None
    currency: Currency | None = None
    ordered_at: Moment | None = None
    paid_at: Moment | None = None
    shipped_at: Moment | None = None
    finished_at: Moment | None = None
    quantity: Quantity | None = None
    list_minor: Minor | None = None
    discount_minor: Minor | None = None
    coupon_minor: Minor | None = None
    shipping_minor: Minor | None = None
    province: Annotated[str, Meta(max_length=40)] = ""
    city: Annotated[str, Meta(max_length=60)] = ""
    receiver: Annotated[str, Meta(max_length=120)] = ""
    receiver_phone: Annotated[str, Meta(max_length=40)] = ""
    device: Annotated[str, Meta(max_length=24)] = ""
    remark: Annotated[str, Meta(max_length=1_000)] = ""
    buyer: Buyer | None = None
    lines: Annotated[list[Line], Meta(max_length=200)] = []
    refunds: Annotated[list[Refund], Meta(max_length=50)] = []


class Event(Struct, forbid_unknown_fields=True, gc=False):
    """Something that happened. ``id`` is the sender's own, unique within the shop.

    ``name`` names a ``custom`` event; ``step`` is the step of a ``logistics`` event; ``order`` is
    the whole order of an ``order`` event.
    """

    id: Key
    type: EventType
    occurred_at: Moment
    shop: Slug | None = None
    member: Identifier | None = None
    name: Short = ""
    step: TraceStep | None = None
    order_no: Annotated[str, Meta(max_length=64)] = ""
    product_code: Annotated[str, Meta(max_length=200)] = ""
    properties: Properties = {}
    order: Order | None = None


class Member(Struct, forbid_unknown_fields=True):
    """A customer of the shop under the sender's own ``id``; silent fields change nothing.

    ``lunar_birthday`` is for a birthday kept by the lunar calendar: ``08-15``, ``06L-03`` (of a
    leap month), ``1990-08-15`` (the lunar year), or as people write it, ``农历八月十五``.
    """

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    updated_at: Moment
    shop: Slug | None = None
    identifiers: Annotated[list[Identifier], Meta(max_length=2)] = []
    name: Annotated[str, Meta(max_length=120)] = ""
    phone: Annotated[str, Meta(max_length=40)] = ""
    email: Annotated[str, Meta(max_length=254)] = ""
    gender: Literal["female", "male", ""] = ""
    birthday: date | None = None
    lunar_birthday: Annotated[str, Meta(max_length=40)] = ""
    province: Annotated[str, Meta(max_length=40)] = ""
    city: Annotated[str, Meta(max_length=60)] = ""

    def __post_init__(self) -> None:
        if self.lunar_birthday:
            try:
                self.lunar_birthday = str(read_lunar_day(self.lunar_birthday))
            except RefusedInputError as error:
                raise ValueError(f"lunar_birthday: {error}") from error


Origin = Literal["live", "backfill"]


class EventBatch(Struct, forbid_unknown_fields=True):
    """Up to a thousand events. ``backfill`` marks history: nothing reacts to it."""

    events: Annotated[list[Event], Meta(min_length=1, max_length=ITEMS_MAX)]
    origin: Origin = "live"


class OrderBatch(Struct, forbid_unknown_fields=True):
    """Up to a thousand orders."""

    orders: Annotated[list[Order], Meta(min_length=1, max_length=ITEMS_MAX)]
    origin: Origin = "live"


class MemberBatch(Struct, forbid_unknown_fields=True):
    """Up to a thousand members."""

    members: Annotated[list[Member], Meta(min_length=1, max_length=ITEMS_MAX)]
    origin: Origin = "live"


Outcome = Literal["stored", "updated", "unchanged", "outdated", "parked"]


class Item(Struct, omit_defaults=True):
    """What became of one item; ``reason`` says why it is parked, ``warnings`` what is odd."""

    id: str
    outcome: Outcome
    reason: str = ""
    warnings: list[str] = []


class Answer(Struct):
    """What became of a batch: counts, and every item in the order sent."""

    stored: int
    updated: int
    unchanged: int
    outdated: int
    parked: int
    items: list[Item]


class FoundIdentity(Struct):
    """An identifier of a member; masked like its contacts."""

    platform: str
    kind: str
    value: str


class FoundMember(Struct):
    """A member as a key may see them; ``masked`` tells whether contacts are hidden."""

    id: str
    name: str
    phone: str
    email: str
    gender: str
    birthday: date | None
    lunar_birthday: str
    province: str
    city: str
    created_at: datetime
    masked: bool
    identities: list[FoundIdentity]


class NamedMember(Struct, forbid_unknown_fields=True):
    """A member by the public ``id`` or by an ``identifier``: exactly one of the two."""

    id: UUID | None = None
    identifier: Identifier | None = None


class MergeWanted(Struct, forbid_unknown_fields=True):
    """Members that are one person; ``reason`` is kept with the evidence."""

    members: Annotated[list[NamedMember], Meta(min_length=2, max_length=20)]
    reason: Annotated[str, Meta(max_length=200)] = ""


class SplitWanted(Struct, forbid_unknown_fields=True):
    """Accounts that are another person than the rest of their member's accounts."""

    accounts: Annotated[list[NamedMember], Meta(min_length=1, max_length=100)]
    reason: Annotated[str, Meta(max_length=200)] = ""


class MemberNow(Struct):
    """A member and the public ids of all their accounts, their own first."""

    id: str
    accounts: list[str]


class Decided(Struct):
    """The members that the accounts in question make now; ``unchanged`` when they did before."""

    outcome: Literal["updated", "unchanged"]
    members: list[MemberNow]


class ExplainedAccount(Struct):
    """An account and the key that owns it, masked when it reaches the person."""

    id: str
    name: str
    platform: str
    kind: str
    value: str
    created_at: datetime


class ExplainedKey(Struct):
    """A key that several accounts share; ``name`` when it counts together with that name only."""

    kind: str
    value: str
    name: str
    accounts: list[str]


class ExplainedEdge(Struct):
    """What was found or decided of two accounts; ``by`` is empty unless a member of staff did."""

    at: datetime
    verdict: Literal["same", "apart"]
    rule: str
    accounts: list[str]
    confidence: float
    reason: str
    by: str


class ExplainedMember(Struct):
    """Why the accounts of a member are one person: shared keys, and evidence, newest first."""

    id: str
    accounts: list[ExplainedAccount]
    keys: list[ExplainedKey]
    evidence: list[ExplainedEdge]


class MemberSegment(Struct):
    """A segment a member is in; ``since`` is null until a refresh has seen the member in it."""

    slug: str
    name: str
    since: datetime | None


class MemberSegments(Struct):
    """The segments a member is in, judged ``at`` this moment; null before there are figures."""

    id: str
    at: datetime | None
    segments: list[MemberSegment]


class FaultText(Struct):
    """One broken rule."""

    pointer: str
    code: str
    detail: str


class ProblemText(Struct):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    errors: list[FaultText] = []


class WebhookWanted(Struct, forbid_unknown_fields=True):
    """An address and the kinds of news it wants."""

    url: Annotated[str, Meta(min_length=8, max_length=500)]
    kinds: Annotated[list[str], Meta(min_length=1, max_length=20)]


class Webhook(Struct):
    """A webhook; ``secret`` is told only when it is made."""

    id: str
    url: str
    kinds: list[str]
    enabled: bool
    secret: str | None = None


class WebhookList(Struct):
    """The webhooks of the brand."""

    webhooks: list[Webhook]


EVERY_MESSAGE = (
    EventBatch, OrderBatch, MemberBatch, Answer, FoundMember, MergeWanted, SplitWanted, Decided,
    ExplainedMember, MemberSegments, ProblemText, WebhookWanted, Webhook, WebhookList,
)  # fmt: skip


def schemas() -> dict[str, object]:
    """The JSON schemas of every message, for the OpenAPI document."""
    _, components = msgspec.json.schema_components(
        EVERY_MESSAGE, ref_template="#/components/schemas/{name}"
    )
    return components
