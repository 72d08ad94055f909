"""Taobao and Tmall: messages pulled from the TMC queue, trades read anew from the open platform.

A message only says that a trade moved, perhaps late and in any order; the trade as it stands is
asked for. Messages stay in the platform's queue until they are confirmed, after they are kept here.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from huitou.api.messages import Event, Order
from huitou.api.outgoing import UnreachableError, call
from huitou.api.platforms.base import (
    Link,
    Platform,
    Push,
    Told,
    UnreadableError,
    backwards,
    known,
    message,
    minor,
    moment,
    parsed,
    readable,
    text,
)

_ZONE = ZoneInfo("Asia/Shanghai")
_URL = "https://eco.taobao.com/router/rest"
_CURRENCY = "CNY"
_PAGE = 100
_QUANTITY = 200  # messages asked for at once, the most there are
_ROUNDS_MAX = 50
# The list of changed trades takes windows of a day.
_WINDOW = timedelta(days=1)
_FIELDS = (
    "tid,buyer_open_uid,buyer_nick,status,created,pay_time,consign_time,end_time,modified,payment,"
    "total_fee,discount_fee,post_fee,num,buyer_message,receiver_name,receiver_state,receiver_city,"
    "receiver_mobile,orders"
)
_REFUND_FIELDS = "refund_id,tid,oid,refund_fee,status,reason,created,modified"
_STATUS = {
    "TRADE_NO_CREATE_PAY": "created",
    "WAIT_BUYER_PAY": "created",
    "PAY_PENDING": "created",
    "WAIT_PRE_AUTH_CONFIRM": "created",
    "WAIT_SELLER_SEND_GOODS": "paid",
    "PAID_FORBID_CONSIGN": "paid",
    "SELLER_CONSIGNED_PART": "part_shipped",
    "WAIT_BUYER_CONFIRM_GOODS": "shipped",
    "TRADE_BUYER_SIGNED": "signed",
    "TRADE_FINISHED": "finished",
    "TRADE_CLOSED": "closed_refunded",
    "TRADE_CLOSED_BY_TAOBAO": "cancelled",
}
_REFUND_STATUS = {
    "WAIT_SELLER_AGREE": "open",
    "WAIT_BUYER_RETURN_GOODS": "open",
    "WAIT_SELLER_CONFIRM_GOODS": "open",
    "SELLER_REFUSE_BUYER": "open",
    "CLOSED": "closed",
    "SUCCESS": "success",
}
_STEPS = {
    "GOT": "picked_up",
    "DEPARTURE": "departed",
    "ARRIVAL": "arrived",
    "SENT_CITY": "arrived_in_city",
    "SENT_SCAN": "out_for_delivery",
    "SIGNED": "signed",
    "FAILED": "failed",
    "LOST": "lost",
}
_TRADE_TOPICS = ("taobao_trade_", "taobao_refund_")
_TRACE_TOPIC = "taobao_logistics_LogsticDetailTrace"
# Errors of the platform's own, and of too many calls, pass; every other is about the request.
_PASSING = ("isp.", "accesscontrol.")
_TOO_MANY_CALLS = 7


def consume(link: Link, keep: Callable[[Sequence[Push]], object]) -> None:
    """Keep what waits in the queue, then confirm it; what is not confirmed comes again."""
    for _ in range(_ROUNDS_MAX):
        answer = _asked(link, "taobao.tmc.messages.consume", quantity=str(_QUANTITY))
        found = (answer.get("messages") or {}).get("tmc_message") or []
        if not found:
            return
        keep(
            [
                Push(
                    str(m.get("id")),
                    text(m.get("topic"), 64),
                    text(m.get("content"), 100_000).encode(),
                )
                for m in found
            ]
        )
        ids = ",".join(dict.fromkeys(str(m.get("id")) for m in found))
        _asked(link, "taobao.tmc.messages.confirm", s_message_ids=ids)


def read(link: Link, topic: str, body: bytes) -> Told:
    """The trade a message is about, as it stands now, or a step of its parcel."""
    content = parsed(body)
    if topic == _TRACE_TOPIC:
        return Told(events=[_step_of(content)])
    if topic.startswith(_TRADE_TOPICS):
        answer = _asked(
            link, "taobao.trade.fullinfo.get", fields=_FIELDS, tid=text(content.get("tid"), 32)
        )
        return Told(orders=[_order_of(link, answer.get("trade") or {})])
    return Told()


def changed(link: Link, since: datetime, until: datetime) -> Iterator[Told]:
    """Trades changed within the window, a page at a time."""
    start = since
    while start < until:
        end = min(start + _WINDOW, until)
        total = int(_changed(link, start, end, 1, use_has_next="false").get("total_results") or 0)
        for page in backwards(math.ceil(total / _PAGE)):
            answer = _changed(link, start, end, page, use_has_next="true")
            trades = (answer.get("trades") or {}).get("trade") or []
            yield readable(trades, lambda trade: Told(orders=[_order_of(link, trade)]))
        start = end


def _changed(
    link: Link, start: datetime, end: datetime, page: int, *, use_has_next: str
) -> Mapping[str, Any]:
    """A page of trades; without ``use_has_next`` the answer counts them all, which takes longer."""
    return _asked(
        link,
        "taobao.trades.sold.increment.get",
        fields=_FIELDS,
        start_modified=_local(start),
        end_modified=_local(end),
        page_no=str(page),
        page_size=str(_PAGE),
        use_has_next=use_has_next,
    )


def _order_of(link: Link, trade: Mapping[str, Any]) -> Order:
    rows = (trade.get("orders") or {}).get("order") or []
    refunds = [
        _refund_of(link, row)
        for row in rows
        if row.get("refund_id") and row.get("refund_status") not in (None, "NO_REFUND")
    ]
    status = known(_STATUS, trade.get("status"), "trade status")
    paid_at = moment(trade.get("pay_time"), _ZONE)
    if status == "closed_refunded" and paid_at is None:
        status = "cancelled"
    buyer = trade.get("buyer_open_uid")
    touched = [moment(trade.get("modified"), _ZONE), *(at for at, _ in refunds)]
    return message(
        Order,
        order_no=text(trade.get("tid"), 64),
        updated_at=max((at for at in touched if at is not None), default=None),
        status=status,
        currency=_CURRENCY,
        paid_minor=minor(trade.get("payment"), _CURRENCY),
        ordered_at=moment(trade.get("created"), _ZONE),
        paid_at=paid_at,
        shipped_at=moment(trade.get("consign_time"), _ZONE),
        finished_at=moment(trade.get("end_time"), _ZONE),
        quantity=trade.get("num"),
        list_minor=minor(trade.get("total_fee"), _CURRENCY),
        discount_minor=minor(trade.get("discount_fee"), _CURRENCY),
        shipping_minor=minor(trade.get("post_fee"), _CURRENCY),
        province=text(trade.get("receiver_state"), 40),
        city=text(trade.get("receiver_city"), 60),
        receiver=text(trade.get("receiver_name"), 120),
        receiver_phone=text(trade.get("receiver_mobile"), 40),
        remark=text(trade.get("buyer_message"), 1_000),
        # The nick and the receiver are masked; only the open id tells people apart.
        buyer={"identifiers": [{"kind": "buyer_id", "value": buyer}] if buyer else []},
        lines=[_line_of(row) for row in rows],
        refunds=[refund for _, refund in refunds],
    )


def _line_of(row: Mapping[str, Any]) -> dict[str, Any]:
    paid = row.get("divide_order_fee") or row.get("payment")
    code = row.get("outer_sku_id") or row.get("outer_iid") or row.get("num_iid") or row.get("oid")
    return {
        "id": text(row.get("oid_str") or row.get("oid"), 64),
        "product_code": text(code, 200),
        "product_title": text(row.get("title"), 400),
        "variant": text(row.get("sku_properties_name"), 200),
        "quantity": int(row.get("num") or 1),
        "list_minor": minor(row.get("total_fee"), _CURRENCY),
        "discount_minor": minor(row.get("discount_fee"), _CURRENCY),
        "paid_minor": minor(paid, _CURRENCY),
    }


def _refund_of(link: Link, row: Mapping[str, Any]) -> tuple[datetime | None, dict[str, Any]]:
    answer = _asked(
        link, "taobao.refund.get", fields=_REFUND_FIELDS, refund_id=text(row.get("refund_id"), 32)
    )
    refund = answer.get("refund") or {}
    status = known(_REFUND_STATUS, refund.get("status"), "refund status")
    touched = moment(refund.get("modified"), _ZONE)
    return touched, {
        "id": text(refund.get("refund_id"), 64),
        "amount_minor": minor(refund.get("refund_fee"), _CURRENCY),
        "status": status,
        "reason": text(refund.get("reason"), 400),
        "requested_at": moment(refund.get("created"), _ZONE),
        "finished_at": None if status == "open" else touched,
    }


def _step_of(content: Mapping[str, Any]) -> Event:
    trade, parcel = text(content.get("tid"), 32), text(content.get("out_sid"), 40)
    action = text(content.get("action"), 24)
    when = moment(content.get("time"), _ZONE)
    return message(
        Event,
        id=f"{trade}:{parcel}:{action}:{when:%Y%m%d%H%M%S}" if when else "",
        type="logistics",
        occurred_at=when,
        step=_STEPS.get(action, "other"),
        order_no=trade,
        properties={
            "carrier": text(content.get("company_name"), 32),
            "parcel": parcel,
            "text": text(content.get("desc"), 1_000),
        },
    )


def _asked(link: Link, method: str, **params: str) -> Mapping[str, Any]:
    """The platform's answer to a signed call.

    Raises ``UnreachableError`` where trying again may help, else ``UnreadableError``.
    """
    values = {
        **params,
        "method": method,
        "app_key": link.app_key,
        "session": link.session,
        "timestamp": _local(datetime.now(UTC)),
        "format": "json",
        "v": "2.0",
        "sign_method": "hmac",
    }
    reply = call("POST", link.base_url or _URL, data={**values, "sign": _sign(values, link.secret)})
    if reply.status != 200:
        raise UnreachableError(f"Taobao answered {reply.status}.")
    answer = parsed(reply.body)
    error = answer.get("error_response")
    if error:
        said = text(json.dumps(error, ensure_ascii=False, default=str), 200)
        passes = text(error.get("sub_code"), 80).startswith(_PASSING)
        passes = passes or error.get("code") == _TOO_MANY_CALLS
        raise UnreachableError(said) if passes else UnreadableError("PLATFORM", said)
    found: Mapping[str, Any] = next(iter(answer.values()), {})
    return found


def _sign(values: Mapping[str, str], secret: str) -> str:
    said = "".join(f"{key}{values[key]}" for key in sorted(values) if values[key])
    return hmac.new(secret.encode(), said.encode(), hashlib.md5).hexdigest().upper()


def _local(at: datetime) -> str:
    return f"{at.astimezone(_ZONE):%Y-%m-%d %H:%M:%S}"


PLATFORM = Platform(read=read, changed=changed, consume=consume)
