"""Rows to record from a drawn chunk: people, orders, lines and refunds by shop."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.demo import words_zh as words
from huitou.demo.conduct import event_rows, review_rows, reviewed
from huitou.demo.draws import below, moments, picked, shares, weighted
from huitou.demo.generator import CURRENCY, SHOPS, STATUSES, Drawn, Population
from huitou.demo.loading import ShopPart, Source
from huitou.demo.parcels import Parcels, parcels
from huitou.kernel.columns import text_column

_FIRST_ORDER_NO = 10**17
_MASKED_NAME_SHARE = 0.45
_ACCOUNT_SHARE = 0.2
_GENDERS = ("female", "male", "")
_GENDER_WEIGHTS = (58, 17, 25)
_BIRTHDAY_SHARE = 0.3
# Beside those: members who told their lunar birthday, without the year.
_LUNAR_BIRTHDAY_SHARE = 0.06


def source(population: Population) -> Source:
    """Every chunk of ``population``, ready to be recorded."""
    return Source(
        population.chunks, lambda number: shop_parts(population.drawn(number), population)
    )


def shop_parts(drawn: Drawn, population: Population) -> list[ShopPart]:
    """The chunk by shop; a member buys in one shop."""
    seed = population.seed
    people = people_rows(drawn, seed)
    orders = order_rows(drawn, people, seed)
    lines = line_rows(drawn, orders["order_no"])
    refunds = refund_rows(drawn, orders["order_no"])
    reviews = review_rows(drawn, orders["order_no"], population)
    events = event_rows(drawn, population)
    person_of_event = events["person"].to_numpy()
    shop_of_order = drawn.shop[drawn.buyer]
    shop_of_line = shop_of_order[drawn.line_order]
    refunded, told = _refunded(drawn), reviewed(drawn, population)
    parts = []
    for number, (slug, *_) in enumerate(SHOPS):
        own = drawn.shop == number
        place_of_person = np.cumsum(own) - 1
        mine = shop_of_order == number
        buyer = np.where(drawn.has_buyer, place_of_person[drawn.buyer], -1)
        parts.append(
            ShopPart(
                shop_slug=slug,
                people=people.filter(pa.array(own)),
                person_of_order=buyer[mine],
                orders=orders.filter(pa.array(mine)),
                lines=lines.filter(pa.array(shop_of_line == number)),
                refunds=refunds.filter(pa.array(mine[refunded])),
                reviews=reviews.filter(pa.array(mine[told])),
                events=_of_persons(events, own[person_of_event], place_of_person),
            )
        )
    return parts


def _of_persons(events: pa.Table, mine: NDArray[np.bool_], place: NDArray[np.int64]) -> pa.Table:
    """The events of a shop's people, by their places among these."""
    own = events.filter(pa.array(mine))
    return own.set_column(0, "person", pa.array(place[own["person"].to_numpy()]))


def people_rows(drawn: Drawn, seed: int) -> pa.Table:
    """The members as their platforms show them: names often masked, phones always."""
    members = drawn.members
    size = len(members)
    surname = weighted(
        shares(members, seed, "surname"), [1 / (5 + rank) for rank in range(len(words.SURNAMES))]
    )
    last = picked(words.SURNAMES, surname)
    given = pc.binary_join_element_wise(
        picked(words.GIVEN, below(members, len(words.GIVEN), seed, "given")),
        picked((*words.GIVEN, ""), below(members, len(words.GIVEN) + 1, seed, "given 2")),
        "",
    )
    masked = pa.array(shares(members, seed, "masked") < _MASKED_NAME_SHARE)
    number = pa.array(members).cast(pa.string())
    head = picked(words.NICK_HEADS, below(members, len(words.NICK_HEADS), seed, "nick"))
    nick = pc.binary_join_element_wise(head, number, "")
    kinds = [shop[4] for shop in SHOPS]
    has_nick = pa.array(np.array([kind == "buyer_nick" for kind in kinds])[drawn.shop])
    has_account = pa.array(shares(members, seed, "account") < _ACCOUNT_SHARE)
    tail = pc.utf8_lpad(pa.array(below(members, 10_000, seed, "tail")).cast(pa.string()), 4, "0")
    heads = pa.array(130 + below(members, 70, seed, "head")).cast(pa.string())
    return pa.table(
        {
            "name": pc.binary_join_element_wise(last, pc.if_else(masked, "**", given), ""),
            "phone": pc.binary_join_element_wise(heads, tail, "****"),
            "gender": picked(
                _GENDERS, weighted(shares(members, seed, "gender"), _GENDER_WEIGHTS)
            ),
            "birthday": birthdays(members, seed),
            "lunar_birthday": lunar_birthdays(members, seed),
            "province": picked([place[0] for place in words.PLACES], drawn.place),
            "city": picked([place[1] for place in words.PLACES], drawn.place),
            "id1_kind": picked(kinds, drawn.shop),
            "id1_value": pc.if_else(
                has_nick, nick, pc.binary_join_element_wise("qh", pc.utf8_lpad(number, 9, "0"), "")
            ),
            "id2_kind": pc.if_else(
                has_account, text_column(size, "payment_account"), text_column(size)
            ),
            "id2_value": pc.if_else(
                has_account,
                pc.binary_join_element_wise("buyer", number, "@example.com", ""),
                text_column(size),
            ),
        }
    )  # fmt: skip


def birthdays(members: NDArray[np.int64], seed: int) -> pa.Array:
    """Dates between 1968 and 2006, for the few who told."""
    start = int(np.datetime64("1968-01-01", "D").astype(np.int64))
    span = int(np.datetime64("2006-01-01", "D").astype(np.int64)) - start
    # The mean of two draws: most members are in the middle of the range.
    at = (shares(members, seed, "born a") + shares(members, seed, "born b")) / 2
    days = (start + at * span).astype(np.int32)
    silent = shares(members, seed, "born") >= _BIRTHDAY_SHARE
    return pa.array(days, pa.int32(), mask=silent).cast(pa.date32())


def lunar_birthdays(members: NDArray[np.int64], seed: int) -> pa.Array:
    """Lunar days of the stored form, for the few who keep their birthday that way."""
    months = (
        *(f"{month:02}" for month in range(1, 13)),
        "06L",  # as 1960, 1979 and 1987 had it
    )
    found = picked(months, below(members, len(months), seed, "lunar month"))
    days = pa.array(1 + below(members, 30, seed, "lunar day")).cast(pa.string())
    drawn = shares(members, seed, "born")
    silent = (drawn < _BIRTHDAY_SHARE) | (drawn >= _BIRTHDAY_SHARE + _LUNAR_BIRTHDAY_SHARE)
    joined = pc.binary_join_element_wise(found, pc.utf8_lpad(days, 2, "0"), "-")
    return pc.if_else(pa.array(silent), pa.scalar(None, pa.string()), joined)


def _friends_phones(sent: Parcels, drawn: Drawn) -> pa.Array:
    """A masked number of their own for each friend of a member."""
    number = pa.array((drawn.members[drawn.buyer] * 10 + sent.friend) % 10_000).cast(pa.string())
    return pc.binary_join_element_wise("139", pc.utf8_lpad(number, 4, "0"), "****")


def order_rows(drawn: Drawn, people: pa.Table, seed: int) -> pa.Table:
    """The orders in the columns of ``STAGE_ORDER_COLUMNS``, without ``member_id``."""
    size = len(drawn.order_id)
    sent = parcels(drawn, seed)
    given = pa.array(sent.friend > 0)
    buyers = people.select(["name", "phone", "province", "city"]).take(pa.array(drawn.buyer))
    return pa.table(
        {
            "row_no": np.arange(size) + 1,
            "order_no": pa.array(_FIRST_ORDER_NO + drawn.order_id).cast(pa.string()),
            "header_rank": pa.array(np.full(size, 2), pa.int16()),
            "status": picked(STATUSES, drawn.status),
            "currency": text_column(size, CURRENCY),
            "ordered_at": moments(drawn.ordered_at),
            "paid_at": moments(drawn.paid_at),
            "shipped_at": moments(drawn.shipped_at),
            "finished_at": moments(drawn.finished_at),
            "quantity": drawn.quantity,
            "list_minor": drawn.list_minor,
            "discount_minor": drawn.discount_minor,
            "coupon_minor": drawn.coupon_minor,
            "shipping_minor": drawn.shipping_minor,
            "paid_minor": drawn.paid_minor,
            "refund_stated_minor": drawn.refunded_minor,
            "province": buyers["province"],
            "city": buyers["city"],
            "receiver": pc.if_else(given, words.FRIEND, buyers["name"]),
            "receiver_phone": pc.if_else(given, _friends_phones(sent, drawn), buyers["phone"]),
            "device": sent.devices,
            "remark": sent.notes,
        }
    )


def line_rows(drawn: Drawn, order_no: pa.ChunkedArray) -> pa.Table:
    """The lines in the columns of ``STAGE_LINE_COLUMNS``; an unpaid order's lines paid nothing."""
    size = len(drawn.line_id)
    order = pa.array(drawn.line_order)
    is_paid = drawn.paid_at[drawn.line_order] > 0
    catalogue = pa.table(
        {
            "code": [ware.code for ware in words.CATALOGUE],
            "title": [ware.title for ware in words.CATALOGUE],
            "category": [ware.category for ware in words.CATALOGUE],
        }
    ).take(pa.array(drawn.line_ware))
    paid = np.where(is_paid, drawn.line_list_minor - drawn.line_discount_minor, 0)
    return pa.table(
        {
            "row_no": np.arange(size) + 1,
            "order_no": order_no.take(order),
            "line_key": pa.array(_FIRST_ORDER_NO + drawn.line_id).cast(pa.string()),
            "product_code": catalogue["code"],
            "product_title": catalogue["title"],
            "category": catalogue["category"],
            "variant": text_column(size),
            "quantity": drawn.line_quantity,
            "list_minor": drawn.line_list_minor,
            "paid_minor": paid,
            "discount_minor": drawn.line_discount_minor,
            "refunded_minor": drawn.line_refunded_minor,
            "status": picked(STATUSES, drawn.status[drawn.line_order]),
        }
    )


_REASONS = ("七天无理由退换货", "效果不好/不喜欢", "少件/漏发", "包装破损", "收到商品与描述不符")


def refund_rows(drawn: Drawn, order_no: pa.ChunkedArray) -> pa.Table:
    """The refunds in the columns of ``STAGE_REFUND_COLUMNS``, at most one per order."""
    at = _refunded(drawn)
    number = drawn.order_id[at]
    is_open = drawn.refund_open_minor[at] > 0
    amount = np.where(is_open, drawn.refund_open_minor[at], drawn.refunded_minor[at])
    asked = drawn.shipped_at[at] + 3_600
    return pa.table(
        {
            "row_no": np.arange(len(at)) + 1,
            "order_no": order_no.take(pa.array(at)),
            "refund_no": pa.array(9 * _FIRST_ORDER_NO + number).cast(pa.string()),
            "amount_minor": amount,
            "status": picked(("success", "open"), is_open.astype(np.int64)),
            "reason": picked(_REASONS, below(number, len(_REASONS), 0, "reason")),
            "requested_at": moments(asked),
            "finished_at": moments(np.where(is_open, 0, asked + 2 * 3_600)),
        }
    )


def _refunded(drawn: Drawn) -> NDArray[np.int64]:
    """Positions of the orders with a refund, open or done."""
    return np.flatnonzero((drawn.refunded_minor > 0) | (drawn.refund_open_minor > 0))
