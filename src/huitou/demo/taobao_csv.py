"""A Taobao order list of any size, as the 2018 export writes it: 54 columns, GBK, quirks included.

For benches and endurance tests of the import. Order numbers come as ``="…"``, phones with a
leading quote, amounts with ``元`` here and there, titles and addresses with commas inside. Every
order number is unique; buyers come back. Memory does not grow with the number of rows.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from huitou.demo import words_zh as words
from huitou.demo.damage import damaged_rows
from huitou.demo.draws import below, mixed, picked, shares, weighted

HEADER = (
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,"
    "联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号 ,物流公司,订单备注,"
    "宝贝总数量,店铺Id,店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头,是否手机订单,"
    "分阶段订单信息,特权订金订单id,是否上传合同照片,是否上传小票,是否代付,定金排名,修改后的sku,"
    "修改后的收货地址,异常信息,天猫卡券抵扣,集分宝抵扣,是否是O2O交易,新零售交易类型,"
    "新零售导购门店名称,新零售导购门店id,新零售发货门店名称,新零售发货门店id,退款金额,预约门店,"
    "确认收货时间,打款商家金额,含应开票给个人的个人红包"
)
_CHUNK_ROWS = 100_000
_FIRST_ORDER_NO = 201_800_000_000_000_000
_YEAR_STARTS = int(np.datetime64("2018-01-01", "s").astype(np.int64))  # as the shop's clock shows
_YEAR_SECONDS = 365 * 86_400
_ROWS_PER_BUYER = 3

# status, reason of closing, paid, refunded share, shipped, signed; weight
_STATES: tuple[tuple[str, str, bool, float, bool, bool, float], ...] = (
    ("交易成功", "订单未关闭", True, 0.0, True, True, 79),
    ("交易成功", "订单未关闭", True, 0.3, True, True, 2),
    ("卖家已发货，等待买家确认", "订单未关闭", True, 0.0, True, False, 6),
    ("买家已付款，等待卖家发货", "订单未关闭", True, 0.0, False, False, 2),
    ("等待买家付款", "订单未关闭", False, 0.0, False, False, 2),
    ("交易关闭", "退款", True, 1.0, False, False, 3),
    ("交易关闭", "买家不想买了", False, 0.0, False, False, 6),
)


@dataclass(frozen=True)
class WrittenList:
    """What a generated file holds. Amounts in fen over the undamaged rows."""

    rows: int
    damaged: int
    damaged_by_code: dict[str, int]  # the quarantine code each damaged row should get
    paid_minor: int
    refunded_minor: int


def write_taobao_csv(path: Path, rows: int, seed: int = 1, *, damage: float = 0.0) -> WrittenList:
    """Write an order list of ``rows`` rows to ``path``; the same arguments give the same bytes.

    ``damage`` is the share of rows broken in one of the ways of ``demo.damage``. Raises
    ``ValueError`` for a share outside 0 to 1.
    """
    if not 0 <= damage <= 1:
        raise ValueError("damage is a share from 0 to 1")
    codes: Counter[str] = Counter()
    paid_total = refunded_total = 0
    with path.open("wb") as file:
        file.write((HEADER + "\r\n").encode("gbk"))
        for start in range(0, rows, _CHUNK_ROWS):
            numbers = np.arange(start, min(rows, start + _CHUNK_ROWS))
            text, paid, refunded = _rows(numbers, rows, seed)
            broken = shares(numbers, seed, "broken") < damage
            if broken.any():
                text, found = damaged_rows(text, broken)
                codes += found
            file.write(_encoded(text))
            paid_total += int(paid[~broken].sum())
            refunded_total += int(refunded[~broken].sum())
    return WrittenList(rows, codes.total(), dict(codes), paid_total, refunded_total)


def _encoded(text: pa.Array) -> bytes:
    return ("\r\n".join(text.to_pylist()) + "\r\n").encode("gbk")


def _rows(
    numbers: NDArray[np.int64], total: int, seed: int
) -> tuple[pa.Array, NDArray[np.int64], NDArray[np.int64]]:
    """The lines of the rows ``numbers`` without line ends, their paid and refunded fen."""
    state = weighted(shares(numbers, seed, "state"), [s[-1] for s in _STATES])
    is_paid = np.array([s[2] for s in _STATES])[state]
    refund_share = np.array([s[3] for s in _STATES])[state]
    shipped = np.array([s[4] for s in _STATES])[state]
    signed = np.array([s[5] for s in _STATES])[state]

    first, second, has_second, quantity, goods = _basket(numbers, seed)
    postage = np.where(shares(numbers, seed, "postage") < 0.1, 1_000, 0)
    total_minor = goods + postage
    voucher = np.where(shares(numbers, seed, "voucher") < 0.3, goods // 100 * 10, 0)
    paid = np.where(is_paid, total_minor - voucher, 0)
    refunded = np.floor(paid * refund_share).astype(np.int64)
    received = paid - refunded

    ordered = _YEAR_STARTS + numbers * _YEAR_SECONDS // max(total, 1)
    paid_at = ordered + 5 + below(numbers, 600, seed, "pay delay")
    signed_at = paid_at + 2 * 86_400 + below(numbers, 8 * 86_400, seed, "sign delay")

    titles = [ware.title for ware in words.CATALOGUE]
    title = pc.if_else(
        pa.array(has_second),
        pc.binary_join_element_wise(picked(titles, first), picked(titles, second), ","),
        picked(titles, first),
    )
    person = _person(numbers, total, seed)
    has_message = shares(numbers, seed, "message") < 0.08
    message = picked(
        (*words.MESSAGES, ""),
        np.where(
            has_message, below(numbers, len(words.MESSAGES), seed, "words"), len(words.MESSAGES)
        ),
    )
    remark = picked(
        (*words.REMARKS, ""),
        np.where(
            shares(numbers, seed, "remark") < 0.04,
            below(numbers, len(words.REMARKS), seed, "remark words"),
            len(words.REMARKS),
        ),
    )
    waybill = pc.if_else(
        pa.array(shipped),
        pc.binary_join_element_wise("No:", _text(780_000_000_000 + numbers), ""),
        "",
    )
    carrier = pc.if_else(
        pa.array(shipped),
        picked(words.CARRIERS, below(numbers, len(words.CARRIERS), seed, "carrier")),
        "",
    )
    text = pc.binary_join_element_wise(
        '="', _text(_FIRST_ORDER_NO + numbers * 7), '",', person["nick"], ",", person["alipay"],
        ",", _yuan(goods), ",", _yuan(postage), ",0,", _yuan(total_minor), ",0,", _yuan(paid),
        ",0,", picked([s[0] for s in _STATES], state), ',"', message, '",', person["name"], ',"',
        person["address"], "\",快递,'null,'", person["phone"], ",", _clock(ordered), ",",
        pc.if_else(pa.array(is_paid), _clock(paid_at), ""), ',"', title, '",',
        _text(1 + has_second), ",", waybill, ",", carrier, ',"', remark, '",', _text(quantity),
        ",0,青禾小筑旗舰店,", picked([s[1] for s in _STATES], state),
        ",0.00元,0.00元,,手机订单,,,,,否,,,,,0.00,0,否,,,,,,", _yuan(refunded), ",,",
        pc.if_else(pa.array(signed), _clock(signed_at), ""), ",", _yuan(received), "元,0.00", "",
    )  # fmt: skip
    return text, paid, refunded


def _basket(
    numbers: NDArray[np.int64], seed: int
) -> tuple[
    NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64], NDArray[np.int64]
]:
    """First and second product, whether there is a second, pieces and goods value in fen."""
    weights = [ware.weight for ware in words.CATALOGUE]
    prices = np.array([ware.price_minor for ware in words.CATALOGUE])
    first = weighted(shares(numbers, seed, "first"), weights)
    second = weighted(shares(numbers, seed, "second"), weights)
    has_second = shares(numbers, seed, "two") < 0.25
    pieces = 1 + (shares(numbers, seed, "pieces") < 0.2).astype(np.int64)
    quantity = pieces + has_second
    return first, second, has_second, quantity, prices[first] * pieces + prices[second] * has_second


def _person(numbers: NDArray[np.int64], total: int, seed: int) -> dict[str, pa.Array]:
    """Buyer and receiver of each row: functions of the buyer's number; few buyers order often."""
    buyers = max(1, total // _ROWS_PER_BUYER)
    buyer = (shares(numbers, seed, "buyer") ** 1.5 * buyers).astype(np.int64)
    heads = below(buyer, len(words.NICK_HEADS), seed, "nick")
    account = pc.binary_join_element_wise("buyer", _text(buyer), "@example.com", "")
    masked = pc.binary_join_element_wise("buy***", _text(buyer % 10), "@example.com", "")
    kind = shares(buyer, seed, "alipay")
    surnames = weighted(
        shares(buyer, seed, "surname"), [1 / (5 + n) for n in range(len(words.SURNAMES))]
    )
    given = picked(words.GIVEN, below(buyer, len(words.GIVEN), seed, "given"))
    second = picked(
        (*words.GIVEN, ""), below(buyer, len(words.GIVEN) + 20, seed, "given 2").clip(
            max=len(words.GIVEN))
    )  # fmt: skip
    place = weighted(shares(buyer, seed, "place"), [p[2] for p in words.PLACES])
    address = pc.binary_join_element_wise(
        picked([f"{province} {city}" for province, city, _ in words.PLACES], place),
        picked(words.DISTRICTS, below(buyer, len(words.DISTRICTS), seed, "district")),
        pc.binary_join_element_wise(
            picked(words.STREETS, below(buyer, len(words.STREETS), seed, "street")),
            _text(1 + below(buyer, 300, seed, "house")), "号,",
            _text(1 + below(buyer, 30, seed, "block")), "幢",
            _text(101 + below(buyer, 1800, seed, "flat")), "室(000000)", "",
        ),
        " ",
    )  # fmt: skip
    return {
        "nick": pc.binary_join_element_wise(
            picked(words.NICK_HEADS, heads), _text(buyer), ""
        ),
        "alipay": pc.if_else(
            pa.array(kind < 0.75), account, pc.if_else(pa.array(kind < 0.95), masked, "")
        ),
        "name": pc.binary_join_element_wise(picked(words.SURNAMES, surnames), given, second, ""),
        "address": address,
        # 154: a prefix that no carrier has. Few buyers share a number, as in life.
        "phone": _text(15_400_000_000 + (mixed(buyer, seed, "phone") % np.uint64(100_000_000))
            .astype(np.int64)),
    }  # fmt: skip


def _text(numbers: NDArray[np.int64]) -> pa.Array:
    return pa.array(numbers, pa.int64()).cast(pa.string())


def _yuan(minor: NDArray[np.int64]) -> pa.Array:
    """Fen as yuan with two decimals."""
    cents = pc.utf8_lpad(_text(minor % 100), 2, "0")
    return pc.binary_join_element_wise(_text(minor // 100), cents, ".")


def _clock(seconds: NDArray[np.int64]) -> pa.Array:
    """Seconds as ``2018-09-01 10:02:11``."""
    return pa.array(seconds, pa.timestamp("s")).cast(pa.string())
