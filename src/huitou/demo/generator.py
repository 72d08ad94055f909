"""The brand ``qinghe`` (青禾小筑): invented members and their orders, any number of them.

The same members, seed and moment give the same rows. Chunks are made on their own, so memory does
not grow with the number of members. A chunk is drawn as plain arrays (``Drawn``), from which
``tables`` makes rows to record and ``lake_files`` makes lake tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from huitou.demo import words_zh as words
from huitou.demo.behaviour import (
    BUSY_MIX,
    EVERYDAY_MIX,
    GIFT,
    ORDERS_PER_MEMBER_MAX,
    PROMO_ONLY,
    Calendar,
    member_types,
    visits,
)
from huitou.demo.draws import below, shares, weighted

__all__ = ["BUSY_MIX", "EVERYDAY_MIX", "Drawn", "Population"]

SLUG = "qinghe"
TIME_ZONE = "Asia/Shanghai"
CURRENCY = "CNY"
DATA_NOTE_ZH = "生成数据：会员、订单和金额均为随机生成，与任何真实的人或店铺无关。"
DATA_NOTE_EN = "Generated data: members, orders and amounts are invented and stand for nobody."
DAYS = 3 * 365
LINES_MAX = 4
# Slug, platform, name, share of members and the identifier the platform gives a buyer.
SHOPS: tuple[tuple[str, str, str, float, str], ...] = (
    ("tmall", "tmall", "青禾小筑天猫旗舰店", 34, "buyer_nick"),
    ("taobao", "taobao", "青禾小筑淘宝店", 24, "buyer_nick"),
    ("jd", "jd", "青禾小筑京东旗舰店", 16, "account"),
    ("douyin", "douyin", "青禾小筑抖音店", 17, "buyer_id"),
    ("wechat", "wechat", "青禾小筑微信小店", 9, "buyer_id"),
)
STATUSES = (
    "created", "paid", "shipped", "signed", "finished", "cancelled", "closed_refunded",
)  # fmt: skip
CREATED, PAID, SHIPPED, SIGNED, FINISHED, CANCELLED, CLOSED_REFUNDED = range(len(STATUSES))

_DAY = 86_400
_UNPAID_SHARE = 0.05
_WHOLE_REFUND_SHARE = 0.03
_PART_REFUND_SHARE = 0.022
_OPEN_REFUND_SHARE = 0.004
_NO_BUYER_SHARE = 0.03
# Members who follow a shop and have not bought yet.
_LOOKS_ONLY_SHARE = 0.04
_POSTAGE_MINOR = 600
_FREE_POSTAGE_MINOR = 4_900
_PRICES = np.array([ware.price_minor for ware in words.CATALOGUE])
_WEIGHTS = [ware.weight for ware in words.CATALOGUE]
_GIFTS = np.flatnonzero([ware.category == "礼盒" for ware in words.CATALOGUE])


def _companions() -> NDArray[np.int64]:
    """To each ware the next one of its range and scent: the conditioner to the shampoo."""
    of_range: dict[str, list[int]] = {}
    for place, ware in enumerate(words.CATALOGUE):
        of_range.setdefault(ware.code[:-2], []).append(place)
    pairs = [pair for own in of_range.values() for pair in zip(own, own[1:] + own[:1], strict=True)]
    return np.array([companion for _, companion in sorted(pairs)])


_COMPANIONS = _companions()
_COMPANION_SHARE = 0.35  # of second lines


@dataclass(frozen=True)
class Population:
    """Which data to make: its size, its seed and the moment it ends at."""

    members: int
    seed: int
    now: datetime
    mix: tuple[float, ...] = EVERYDAY_MIX
    chunk_members: int = 10_000

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return -(-self.members // self.chunk_members)

    def drawn(self, chunk: int) -> Drawn:
        """The members and orders of a chunk."""
        first = chunk * self.chunk_members
        numbers = np.arange(first, min(self.members, first + self.chunk_members)) + 1
        return _drawn(numbers, self)


@dataclass(frozen=True)
class Drawn:
    """A chunk in plain arrays. Times are UTC seconds (0: not yet), amounts fen.

    ``order_id`` and ``line_id`` are unique in the population; ``line_order`` is a position.
    """

    members: NDArray[np.int64]  # numbers, from 1
    shop: NDArray[np.int64]  # position in SHOPS, per member
    place: NDArray[np.int64]  # position in PLACES, per member
    joined: NDArray[np.int64]  # first visit, per member; 0 for none
    order_id: NDArray[np.int64]
    buyer: NDArray[np.int64]  # position in members
    has_buyer: NDArray[np.bool_]  # False: the export names no buyer
    status: NDArray[np.int64]  # position in STATUSES
    ordered_at: NDArray[np.int64]
    paid_at: NDArray[np.int64]
    shipped_at: NDArray[np.int64]
    finished_at: NDArray[np.int64]
    quantity: NDArray[np.int64]
    list_minor: NDArray[np.int64]
    discount_minor: NDArray[np.int64]
    coupon_minor: NDArray[np.int64]
    shipping_minor: NDArray[np.int64]
    paid_minor: NDArray[np.int64]
    refunded_minor: NDArray[np.int64]
    refund_open_minor: NDArray[np.int64]
    line_id: NDArray[np.int64]
    line_order: NDArray[np.int64]
    line_ware: NDArray[np.int64]  # position in CATALOGUE
    line_quantity: NDArray[np.int64]
    line_list_minor: NDArray[np.int64]
    line_discount_minor: NDArray[np.int64]
    line_refunded_minor: NDArray[np.int64]


def _drawn(members: NDArray[np.int64], population: Population) -> Drawn:
    seed, now = population.seed, population.now
    zone = ZoneInfo(TIME_ZONE)
    today = now.astimezone(zone).date()
    types = member_types(members, seed, population.mix)
    visit = visits(members, types, Calendar.until(today, DAYS), seed)
    # The zone has had one offset, UTC+8, since 1991.
    offset = int(now.astimezone(zone).utcoffset().total_seconds())  # type: ignore[union-attr]
    ordered_all = visit.seconds - offset
    end = int(now.timestamp())
    looks_only = shares(members, seed, "looks only") < _LOOKS_ONLY_SHARE
    past = (ordered_all <= end) & ~looks_only[visit.position]
    buyer, ordered = visit.position[past], ordered_all[past]
    is_promo = visit.is_promo[past]
    order_id = members[buyer] * ORDERS_PER_MEMBER_MAX + visit.serial[past]

    lines = _lines(order_id, types[buyer], members[buyer], is_promo, seed)
    sums = {
        name: np.bincount(lines["order"], weights=lines[name], minlength=len(order_id)).astype(
            np.int64
        )
        for name in ("quantity", "list", "discount", "coupon")
    }
    goods = sums["list"] - sums["discount"]
    shipping = np.where(goods < _FREE_POSTAGE_MINOR, _POSTAGE_MINOR, 0)
    progress = _progress(order_id, ordered, types[buyer], end, seed)
    paid = np.where(progress["paid_at"] > 0, goods + shipping, 0)
    line_paid = lines["list"] - lines["discount"]
    refunds = _refunds(order_id, progress["status"], paid, lines["order"], line_paid, seed)
    first_visit = np.zeros(len(members), dtype=np.int64)
    first_visit[buyer[::-1]] = ordered[::-1]
    return Drawn(
        members=members,
        shop=weighted(shares(members, seed, "shop"), [shop[3] for shop in SHOPS]),
        place=weighted(shares(members, seed, "place"), [place[2] for place in words.PLACES]),
        joined=first_visit,
        order_id=order_id,
        buyer=buyer,
        has_buyer=shares(order_id, seed, "no buyer") >= _NO_BUYER_SHARE,
        ordered_at=ordered,
        **progress,
        quantity=sums["quantity"],
        list_minor=sums["list"],
        discount_minor=sums["discount"],
        coupon_minor=sums["coupon"],
        shipping_minor=shipping,
        paid_minor=paid,
        **refunds,
        line_id=order_id[lines["order"]] * LINES_MAX + lines["serial"],
        line_order=lines["order"],
        line_ware=lines["ware"],
        line_quantity=lines["quantity"],
        line_list_minor=lines["list"],
        line_discount_minor=lines["discount"],
    )


def _lines(
    order_id: NDArray[np.int64],
    types: NDArray[np.int64],
    members: NDArray[np.int64],
    is_promo: NDArray[np.bool_],
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    """One to four lines per order: what, how many, at which price and reduction."""
    count = 1 + weighted(shares(order_id, seed, "lines"), (56, 27, 12, 5))
    order = np.repeat(np.arange(len(order_id)), count)
    serial = np.arange(len(order)) - np.repeat(np.cumsum(count) - count, count)
    cell = order_id[order] * LINES_MAX + serial
    # Half of what a member buys is the one thing that brings them back.
    favourite = weighted(shares(members, seed, "favourite"), _WEIGHTS)[order]
    ware = np.where(
        shares(cell, seed, "habit") < 0.5,
        favourite,
        weighted(shares(cell, seed, "ware"), _WEIGHTS),
    )
    gift = (types[order] == GIFT) & (serial == 0)
    ware = np.where(gift, _GIFTS[below(cell, len(_GIFTS), seed, "gift")], ware)
    goes_with = (serial == 1) & (shares(cell, seed, "goes with") < _COMPANION_SHARE)
    ware = np.where(goes_with, _COMPANIONS[ware[np.arange(len(order)) - serial]], ware)
    quantity = 1 + weighted(shares(cell, seed, "quantity"), (85, 11, 4))
    listed = _PRICES[ware] * quantity
    keen = is_promo[order] | (types[order] == PROMO_ONLY)
    ordinary = np.where(shares(cell, seed, "sale") < 0.3, 5 + below(cell, 11, seed, "cut"), 0)
    cut = np.where(keen, 15 + below(cell, 21, seed, "cut"), ordinary)
    by_coupon = np.where(shares(order_id, seed, "coupon") < np.where(is_promo, 0.5, 0.12), 8, 0)
    coupon = listed * by_coupon[order] // 100
    return {
        "order": order,
        "serial": serial,
        "ware": ware,
        "quantity": quantity,
        "list": listed,
        "coupon": coupon,
        "discount": listed * cut // 100 + coupon,
    }


def _progress(
    order_id: NDArray[np.int64],
    ordered: NDArray[np.int64],
    types: NDArray[np.int64],
    end: int,
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    """How far each order has come by ``end``: its status and its times."""
    unpaid = shares(order_id, seed, "unpaid") < _UNPAID_SHARE
    paid_at = ordered + 10 + below(order_id, 890, seed, "pay")
    shipped_at = paid_at + 4 * 3_600 + below(order_id, 40 * 3_600, seed, "ship")
    signed_at = shipped_at + _DAY + below(order_id, 4 * _DAY, seed, "sign")
    finished_at = signed_at + 2 * _DAY + below(order_id, 5 * _DAY, seed, "finish")
    status = np.select(
        [finished_at <= end, signed_at <= end, shipped_at <= end, paid_at <= end],
        [FINISHED, SIGNED, SHIPPED, PAID],
        CREATED,
    )
    late = ordered + _DAY <= end
    status = np.where(unpaid, np.where(late, CANCELLED, CREATED), status)
    share = _WHOLE_REFUND_SHARE * np.where(types == PROMO_ONLY, 2.0, 1.0)
    refunded = shares(order_id, seed, "whole refund") < share
    status = np.where(
        refunded & (status >= SHIPPED) & (status <= FINISHED), CLOSED_REFUNDED, status
    )
    paid = (status != CREATED) & (status != CANCELLED)
    return {
        "status": status,
        "paid_at": np.where(paid, paid_at, 0),
        "shipped_at": np.where(paid & (shipped_at <= end), shipped_at, 0),
        "finished_at": np.where(status == FINISHED, finished_at, 0),
    }


def _refunds(
    order_id: NDArray[np.int64],
    status: NDArray[np.int64],
    paid: NDArray[np.int64],
    line_order: NDArray[np.int64],
    line_paid: NDArray[np.int64],
    seed: int,
) -> dict[str, NDArray[np.int64]]:
    """Refunded amounts of orders and lines, and amounts still asked for.

    A closed order is refunded wholly, postage included; a partial refund gives back a third of the
    first line.
    """
    whole = status == CLOSED_REFUNDED
    done = status == FINISHED
    partial = done & (shares(order_id, seed, "part refund") < _PART_REFUND_SHARE)
    asked = ~partial & (done | (status == SIGNED) | (status == SHIPPED))
    asked &= shares(order_id, seed, "open refund") < _OPEN_REFUND_SHARE
    is_first = np.r_[True, line_order[1:] != line_order[:-1]] if len(line_order) else line_order > 0
    line_refunded = np.where(whole[line_order], line_paid, 0)
    line_refunded = np.where(partial[line_order] & is_first, line_paid // 3, line_refunded)
    part = np.bincount(
        line_order, weights=np.where(whole[line_order], 0, line_refunded), minlength=len(order_id)
    ).astype(np.int64)
    return {
        "refunded_minor": np.where(whole, paid, part),
        "refund_open_minor": np.where(asked, paid // 2, 0),
        "line_refunded_minor": line_refunded,
    }
