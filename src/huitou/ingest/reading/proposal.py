"""A first guess at a mapping, from the words of the header and a few rows under it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from huitou.ingest.reading import cells
from huitou.ingest.reading.formats import STATUSES, header_key, known_formats

# Words of column names by field, the most telling first. English words are compared after
# splitting names such as InvoiceNo, invoice_no and INVOICE-NO alike.
_WORDS: dict[str, tuple[str, ...]] = {
    "order_no": (
        "订单编号", "订单号", "主订单编号", "小票号", "交易单号", "销售单号", "单据编号", "流水号", "单号",
        "order id", "order no", "order number", "invoice no", "invoice number", "invoice id",
        "basket id", "transaction id", "transaction no", "receipt no", "receipt id", "receipt number",
        "invoice", "order",
    ),
    "ordered_at": (
        "下单时间", "订单创建时间", "订单日期", "交易时间", "交易日期", "销售时间", "销售日期", "购买时间",
        "购买日期", "下单日期", "创建时间", "日期", "时间",
        "order date", "ordered at", "invoice date", "transaction timestamp", "transaction date",
        "purchase date", "order time", "created at", "sale date", "timestamp", "date", "datetime",
        "time",
    ),
    "paid_at": ("付款时间", "支付时间", "付款日期", "paid at", "payment date", "payment time"),
    "customer_id": (
        "会员编号", "会员号", "会员id", "会员卡号", "客户编号", "客户id", "顾客编号", "用户id", "用户编号",
        "customer id", "customer no", "customer number", "customer code", "client id", "member id",
        "user id", "buyer id", "customer",
    ),
    "household_id": ("household id", "household key"),
    "buyer_nick": ("买家会员名", "买家昵称", "会员名", "昵称", "nick", "username", "user name"),
    "buyer_phone": ("手机号码", "手机号", "手机", "联系电话", "电话", "mobile", "phone number", "phone"),
    "buyer_email": ("邮箱", "电子邮件", "email", "e mail", "email address"),
    "buyer_name": ("客户姓名", "会员姓名", "姓名", "customer name", "buyer name", "full name"),
    "product_code": (
        "商品编码", "商家编码", "货号", "款号", "商品编号", "商品id", "条码", "sku编码", "sku",
        "stock code", "product id", "product code", "item code", "item id", "article no", "upc",
        "barcode",
    ),
    "product_title": (
        "商品名称", "商品标题", "宝贝标题", "品名", "产品名称", "商品",
        "description", "product name", "item name", "product title", "product", "item", "title",
    ),
    "category": ("品类", "类目", "商品分类", "分类", "category", "product category", "department"),
    "variant": ("规格", "商品规格", "商品属性", "颜色尺码", "variant", "size", "colour", "color"),
    "line_quantity": ("购买数量", "商品数量", "销售数量", "数量", "件数", "quantity", "qty", "units", "pieces"),
    "unit_price": ("商品单价", "销售单价", "单价", "价格", "unit price", "price", "price each"),
    "paid": (
        "实付金额", "支付金额", "付款金额", "实收金额", "成交金额", "销售金额", "销售额", "订单金额", "总金额",
        "金额", "sales value", "amount paid", "paid amount", "total amount", "order total", "total price", "net amount",
        "revenue", "sales", "amount", "total",
    ),
    "list": ("应付金额", "原价金额", "标价金额", "商品总价", "subtotal", "list price", "gross amount"),
    "discount": ("优惠金额", "折扣金额", "优惠", "折扣", "discount", "discount amount"),
    "shipping": ("运费", "邮费", "shipping", "freight", "postage"),
    "refunded": ("退款金额", "退货金额", "refund amount", "refunded amount", "refund", "refunded"),
    "status": ("订单状态", "交易状态", "状态", "order status", "status", "state of order"),
    "currency": ("币种", "货币", "currency"),
    "province": ("省份", "省", "收货省份", "province", "country", "region", "state"),
    "city": ("城市", "市", "收货城市", "city", "town"),
    "receiver": ("收货人", "收件人", "收货人姓名", "收件人姓名", "receiver", "recipient"),
    "address": ("收货地址", "地址", "收件地址", "address", "shipping address"),
    "remark": ("备注", "商家备注", "note", "notes", "remark"),
}  # fmt: skip
_OF_LINES = {"paid": "line_paid", "list": "line_list", "discount": "line_discount", "refunded": "line_refunded"}  # fmt: skip


@dataclass(frozen=True)
class Guess:
    """What a column probably holds: a field, or None; ``sure`` when its name says so exactly."""

    column: str
    field: str | None
    sure: bool


@dataclass(frozen=True)
class Proposal:
    """A mapping to confirm, the guess for each column, and what a person must still say."""

    mapping: dict[str, Any]
    guesses: list[Guess]
    missing: list[str]


def propose_mapping(header: Sequence[str], sample_rows: Sequence[Sequence[str]]) -> Proposal:
    """A mapping for a file of orders that no known format fits.

    ``missing`` names what could not be told: a field, ``dates`` when the order of day and month is
    open, or ``status: WORD`` for a state whose meaning is not known.
    """
    chosen = _chosen_columns(header)
    values = {field: _values(header, sample_rows, column) for field, (column, _) in chosen.items()}
    is_lines = bool(chosen.keys() & {"product_code", "product_title"}) and bool(
        chosen.keys() & {"line_quantity", "unit_price"}
    )
    columns: dict[str, Any] = {}
    for field, (column, _) in chosen.items():
        name = _field_in_grain(field, is_lines)
        if name:
            columns[name] = column
    missing = [] if "order_no" in columns else ["order_no"]
    _add_payment(columns, is_lines, missing)
    mapping: dict[str, Any] = {"kind": "orders", "grain": "line" if is_lines else "order"}
    if is_lines:
        mapping["totals"] = "sum"
    mapping["columns"] = columns
    mapping |= _habits(values, missing)
    taken = {column: (field, sure) for field, (column, sure) in chosen.items()}
    guesses = []
    for column in header:
        field, sure = taken.get(column, (None, False))
        name = _field_in_grain(field, is_lines) if field else None
        guesses.append(Guess(column, name if name in columns else None, sure))
    return Proposal(mapping, guesses, missing)


def _words_of(name: str) -> str:
    """A column name as separate lower-case words."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[_\-./]+", " ", name)
    return re.sub(r"\s*[(（].*?[)）]\s*$", "", header_key(parted))


def _chosen_columns(header: Sequence[str]) -> dict[str, tuple[str, bool]]:
    """Field → column and whether its name is exact; each column serves one field."""
    ranked = []
    for at, column in enumerate(header):
        words = _words_of(column)
        for field, names in _WORDS.items():
            for rank, name in enumerate(names):
                if words == name:
                    ranked.append((0, rank, at, field, column))
                elif len(name) > 2 and re.search(rf"(?<![a-z]){re.escape(name)}(?![a-z])", words):
                    ranked.append((1, rank, at, field, column))
    chosen: dict[str, tuple[str, bool]] = {}
    used: set[str] = set()
    for loose, _, _, field, column in sorted(ranked):
        if field not in chosen and column not in used:
            chosen[field] = (column, not loose)
            used.add(column)
    return chosen


def _field_in_grain(field: str, is_lines: bool) -> str | None:
    """The field's name in the grain of the file; None when it has no place there."""
    if is_lines:
        return _OF_LINES.get(field, field)
    if field in ("product_code", "product_title", "category", "variant", "unit_price"):
        return None
    return "quantity" if field == "line_quantity" else field


def _add_payment(columns: dict[str, Any], is_lines: bool, missing: list[str]) -> None:
    paid = "line_paid" if is_lines else "paid"
    if paid not in columns:
        if is_lines and {"unit_price", "line_quantity"} <= columns.keys():
            columns[paid] = "unit price × quantity"
        else:
            missing.append(paid)
    if "ordered_at" not in columns and "paid_at" not in columns:
        missing.append("ordered_at")
    elif "paid_at" not in columns and "status" not in columns:
        # A till or invoice file lists sales: they were paid when they were made.
        columns["paid_at"] = "same as ordered_at"


def _values(header: Sequence[str], rows: Sequence[Sequence[str]], column: str) -> list[str]:
    at = list(header).index(column)
    return [row[at].strip() for row in rows if len(row) > at and row[at].strip()]


def _habits(values: Mapping[str, list[str]], missing: list[str]) -> dict[str, Any]:
    """How the file writes dates, numbers, states, returns and cancellations."""
    habits: dict[str, Any] = {}
    times = values.get("ordered_at", []) + values.get("paid_at", [])
    if any(cells.clean_wall_time(text).problem == "AMBIGUOUS_DATE" for text in times):
        day_first = _day_first(times)
        if day_first is None:
            missing.append("dates")
        else:
            habits["dates"] = {"day_first": day_first}
    numbers = [text for f in ("paid", "unit_price", "list") for text in values.get(f, [])]
    if any(re.fullmatch(r"-?[\d.]*\d,\d{1,2}", text) for text in numbers):
        habits["numbers"] = {"decimal": ","}
    if any(text.startswith("-") for text in numbers + values.get("line_quantity", [])):
        habits["negatives"] = "returns"
    prefixes = {text[:1] for text in values.get("order_no", []) if re.fullmatch(r"[Cc]\d+", text)}
    if prefixes and any(text.isdigit() for text in values["order_no"]):
        habits["cancellation_prefix"] = prefixes.pop()
    if "status" in values:
        habits["status"] = _states(values["status"], missing)
    return habits


def _day_first(times: Sequence[str]) -> bool | None:
    """Whether days stand first; None when every sample fits both ways."""
    parts = [re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{2,4}", text) for text in times]
    if any(found and int(found[1]) > 12 for found in parts):
        return True
    if any(found and int(found[2]) > 12 for found in parts):
        return False
    return None


def _states(words: Sequence[str], missing: list[str]) -> dict[str, Any]:
    """The meaning of the states in the sample, by what the known platforms call them."""
    known: dict[str, Any] = {}
    for format_ in known_formats():
        if format_.kind == "orders":
            for word, meaning in format_.status.items():
                pair = meaning if isinstance(meaning, tuple) else None
                known.setdefault(word, {"paid": pair[0], "unpaid": pair[1]} if pair else meaning)
    found: dict[str, Any] = {}
    for word in dict.fromkeys(words):
        key = header_key(word)
        if key in known:
            found[word] = known[key]
        elif key not in STATUSES:
            missing.append(f"status: {word}")
    return found
