"""Formats: what the columns of a file mean. Platform formats are data files beside this module.

A mapping file that an operator writes uses the same vocabulary; ``format_from_mapping`` reads it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import yaml

from huitou.ingest.reading import limits
from huitou.ingest.reading.encoding import NAMED_ENCODINGS
from huitou.kernel.errors import RefusedInputError

ORDER_FIELDS = (
    "order_no", "status", "progress", "currency", "ordered_at", "paid_at", "shipped_at",
    "finished_at", "quantity", "list", "discount", "coupon", "shipping", "paid", "refunded",
    "province", "city", "address", "receiver", "receiver_phone", "device", "remark", "buyer_name",
    "buyer_first_name", "buyer_phone", "buyer_email", "buyer_nick", "buyer_id", "account",
    "customer_id", "payment_account", "unionid", "card_number", "household_id",
)  # fmt: skip
LINE_FIELDS = (
    "line_id", "product_code", "product_id", "product_title", "category", "variant",
    "line_quantity", "unit_price", "line_list", "line_paid", "line_discount", "line_refunded",
    "line_status", "refund_state",
)  # fmt: skip
REFUND_FIELDS = (
    "refund_no", "order_no", "amount", "status", "reason", "requested_at", "finished_at", "paid",
)  # fmt: skip
REVIEW_FIELDS = (
    "review_no", "order_no", "nick", "buyer_nick", "variant", "rating", "content", "followup",
    "reply", "reviewed_at",
)  # fmt: skip
CUSTOMER_FIELDS = (
    "name", "first_name", "phone", "email", "gender", "birthday", "province", "city", "address",
    "joined_at", "customer_id", "buyer_nick", "buyer_id", "account", "unionid", "card_number",
    "household_id", "accepts_email", "accepts_sms",
)  # fmt: skip
# Whether a customer agreed to marketing.
CONSENT_FIELDS = ("accepts_email", "accepts_sms")
FIELDS = {
    "orders": ORDER_FIELDS + LINE_FIELDS,
    "refunds": REFUND_FIELDS,
    "reviews": REVIEW_FIELDS,
    "customers": CUSTOMER_FIELDS,
}
_REQUIRED = {
    "orders": ("order_no",),
    "refunds": ("refund_no", "order_no", "amount"),
    "reviews": ("review_no",),
    "customers": (),
}
# Fields that a file may spread over columns: a day and a time, a calendar and a birthday, or a till
# and a receipt number.
JOINED_FIELDS = (
    "ordered_at", "paid_at", "shipped_at", "finished_at", "requested_at", "reviewed_at",
    "joined_at", "birthday", "order_no", "line_id", "refund_no", "review_no", "product_code",
)  # fmt: skip
IDENTIFIER_KINDS = (
    "buyer_id", "account", "buyer_nick", "customer_id", "payment_account", "unionid",
    "card_number", "phone", "email", "household_id",
)  # fmt: skip
STATUSES = frozenset(
    {"created", "paid", "part_shipped", "shipped", "signed", "finished"}
    | {"cancelled", "closed_refunded", ""}
)
REFUND_STATUSES = frozenset({"open", "success", "closed", ""})
_TOTALS = {"order": ("stated",), "line": ("repeated", "first_row", "sum", "none")}


@dataclass(frozen=True)
class Column:
    """Where a field comes from.

    The first header present among ``aliases``, the sum of all that are present, the first of them
    that is filled, all of them joined, a constant, another field, or unit price × quantity.
    """

    aliases: tuple[str, ...] = ()
    sum: bool = False
    filled: bool = False
    joined: bool = False
    constant: str | None = None
    same_as: str | None = None
    product: bool = False


@dataclass(frozen=True)
class Format:
    """What a kind of file holds and how its columns are to be read.

    ``grain`` is ``order`` or ``line``; ``totals`` says where an order's totals stand in line
    files: ``repeated`` on each line, on the ``first_row`` only, as the ``sum`` of the lines, or
    ``none``. ``paid_is_net`` says that the paid column is what is left after refunds.
    ``status`` maps the platform's words to ours, or to a pair for paid and unpaid.
    """

    name: str
    kind: str
    platform: str = ""
    title_zh: str = ""
    title_en: str = ""
    grain: str = "order"
    totals: str = "stated"
    columns: Mapping[str, Column] = field(default_factory=dict)
    identifiers: tuple[tuple[str, str], ...] = ()
    status: Mapping[str, str | tuple[str, str]] = field(default_factory=dict)
    progress: Mapping[str, str] = field(default_factory=dict)
    refund_done: tuple[str, ...] = ()
    null_words: tuple[str, ...] = ()
    paid_is_net: bool = False
    required: tuple[str, ...] = ()
    signature: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    address_style: str = ""
    time_zone: str | None = None
    currency: str | None = None
    phone_region: str | None = "CN"
    header_row: int | None = None
    encoding: str | None = None
    date_formats: tuple[str, ...] = ()
    day_first: bool | None = None
    epoch: str = ""
    decimal_comma: bool = False
    negatives: bool = False
    cancellation_prefix: str = ""
    is_mapping: bool = False

    @property
    def headers(self) -> tuple[str, ...]:
        """The column names the format reads, one for each field."""
        return tuple(column.aliases[0] for column in self.columns.values() if column.aliases)


def header_key(name: str) -> str:
    """A column name as compared: full width, case, blanks and bracket style do not matter.

    >>> header_key(" 商品总价（元） ") == header_key("商品总价(元)")
    True
    """
    return (
        re.sub(r"\s+", " ", unicodedata.normalize("NFKC", name).strip("\ufeff \t"))
        .strip()
        .casefold()
    )


def known_formats() -> list[Format]:
    """The platform formats, the most particular first."""
    return list(_known())


@cache
def _known() -> tuple[Format, ...]:
    folder = resources.files(__package__).joinpath("platforms")
    found = [
        _format_of(yaml.safe_load(file.read_text("utf-8")), is_mapping=False)
        for file in folder.iterdir()
        if file.name.endswith(".yaml")
    ]
    return tuple(sorted(found, key=lambda format_: (-len(format_.signature), format_.name)))


def format_named(name: str) -> Format:
    """The platform format ``name``. Raises ``RefusedInputError`` UNKNOWN_FORMAT."""
    for format_ in _known():
        if format_.name == name:
            return format_
    names = ", ".join(sorted(format_.name for format_ in _known()))
    raise RefusedInputError("UNKNOWN_FORMAT", f"no format {name!r}; known formats: {names}")


def detect(header: Iterable[str]) -> Format | None:
    """The platform format whose distinctive columns are all in ``header``; None if there is none.

    Only names count, never their order nor the file's name.
    """
    present = {header_key(name) for name in header}
    for format_ in _known():
        if all(_any_in(names, present) for names in format_.signature) and not any(
            _any_in(names, present) for names in format_.absent
        ):
            return format_
    return None


def _any_in(names: str, present: set[str]) -> bool:
    """Whether one of the alternatives in ``names`` (``a|b``) is present."""
    return any(header_key(name) in present for name in names.split("|"))


def format_from_mapping(mapping: str | bytes | Mapping[str, Any]) -> Format:
    """The format an operator's mapping describes: YAML text, or the same as a dictionary.

    Raises ``RefusedInputError`` BAD_MAPPING naming the key that is wrong.
    """
    if isinstance(mapping, str | bytes):
        if len(mapping) > limits.MAPPING_BYTES_MAX:
            raise _bad("the mapping is larger than a mapping can sensibly be")
        try:
            mapping = yaml.safe_load(mapping)
        except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
            raise _bad(f"the mapping is not valid YAML: {error}") from error
    if not isinstance(mapping, Mapping):
        raise _bad("the mapping must be a table of keys, at least `columns:`")
    return _format_of({"name": "mapping", "signature": [], **mapping}, is_mapping=True)


def _bad(message: str) -> RefusedInputError:
    return RefusedInputError("BAD_MAPPING", message)


_KEYS = frozenset(
    {
        "name", "title_zh", "title_en", "platform", "kind", "grain", "totals", "columns",
        "identifiers", "status", "progress", "refund_done", "required", "signature", "absent",
        "known", "address_style", "time_zone", "currency", "phone_region", "header_row", "dates",
        "numbers", "negatives", "cancellation_prefix", "null_words", "paid_is_net", "encoding",
    }
)  # fmt: skip


def _format_of(raw: Mapping[str, Any], *, is_mapping: bool) -> Format:
    unknown = sorted(set(map(str, raw)) - _KEYS)
    if unknown:
        raise _bad(f"unknown key {unknown[0]!r}; known keys: {', '.join(sorted(_KEYS))}")
    kind = _choice(raw, "kind", tuple(FIELDS), "orders")
    grain = _choice(raw, "grain", ("order", "line"), "order")
    default = "stated" if grain == "order" else "sum"
    totals = _choice(raw, "totals", _TOTALS[grain], default)
    columns = _columns_of(raw.get("columns"), kind)
    if grain == "line" and kind == "orders" and totals == "sum" and not _has_line_paid(columns):
        totals = "none" if "paid" not in columns else "repeated"
    required = tuple(raw.get("required") or _REQUIRED[kind])
    missing = [name for name in required if name not in columns]
    if missing:
        raise _bad(f"columns: {missing[0]!r} must be mapped")
    dates, numbers = _table(raw, "dates"), _table(raw, "numbers")
    return Format(
        name=str(raw["name"]),
        kind=kind,
        platform=str(raw.get("platform") or ""),
        title_zh=str(raw.get("title_zh") or ""),
        title_en=str(raw.get("title_en") or ""),
        grain=grain,
        totals=totals,
        columns=columns,
        identifiers=_identifiers_of(raw.get("identifiers"), columns),
        status=_status_of(raw.get("status"), kind),
        progress={header_key(str(k)): str(v) for k, v in _table(raw, "progress").items()},
        refund_done=tuple(header_key(str(word)) for word in raw.get("refund_done") or ()),
        null_words=tuple(map(str, raw.get("null_words") or ())),
        paid_is_net=bool(_flag(raw, "paid_is_net")),
        required=required,
        signature=tuple(raw.get("signature") or ()),
        absent=tuple(raw.get("absent") or ()),
        known=tuple(map(str, raw.get("known") or ())),
        address_style=str(raw.get("address_style") or ""),
        time_zone=_zone_of(raw.get("time_zone")),
        currency=_currency_of(raw.get("currency")),
        phone_region=raw.get("phone_region", "CN"),
        header_row=_header_row_of(raw.get("header_row")),
        encoding=_choice(raw, "encoding", ("", *NAMED_ENCODINGS), "") or None,
        date_formats=tuple(map(str, dates.get("formats") or ())),
        day_first=_flag(dates, "day_first"),
        epoch=_choice(dates, "epoch", ("", "s", "ms"), ""),
        decimal_comma=_choice(numbers, "decimal", (".", ","), ".") == ",",
        negatives=_choice(raw, "negatives", ("refuse", "returns", "refunds"), "refuse") != "refuse",
        cancellation_prefix=str(raw.get("cancellation_prefix") or ""),
        is_mapping=is_mapping,
    )


def _has_line_paid(columns: Mapping[str, Column]) -> bool:
    return "line_paid" in columns or "unit_price" in columns


def _table(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = raw.get(key) or {}
    if not isinstance(value, Mapping):
        raise _bad(f"{key}: must be a table of keys")
    return value


def _flag(raw: Mapping[str, Any], key: str) -> bool | None:
    value = raw.get(key)
    if value is not None and not isinstance(value, bool):
        raise _bad(f"{key}: must be true or false")
    return value


def _choice(raw: Mapping[str, Any], key: str, allowed: tuple[str, ...], default: str) -> str:
    value = raw.get(key)
    value = default if value is None else value
    if value not in allowed:
        raise _bad(f"{key}: {value!r} is not one of {', '.join(filter(None, allowed))}")
    return str(value)


def _columns_of(raw: Any, kind: str) -> dict[str, Column]:
    if not isinstance(raw, Mapping) or not raw:
        raise _bad("columns: must map fields to column names")
    columns = {}
    for name, value in raw.items():
        if name not in FIELDS[kind]:
            raise _bad(f"columns: unknown field {name!r}; fields: {', '.join(FIELDS[kind])}")
        columns[str(name)] = _column_of(str(name), value)
    for name in CONSENT_FIELDS:
        if name in columns and columns[name] != Column(columns[name].aliases or ("",)):
            raise _bad(f"columns: {name} must be one column: consent is what each row says")
    for name, column in columns.items():
        if column.same_as and column.same_as not in columns:
            raise _bad(f"columns: {name} is the same as {column.same_as!r}, which is not mapped")
    return columns


_SAME_AS = re.compile(r"same as (\w+)")
_PRODUCT = re.compile(r"(unit_price|unit price)\s*[x×*]\s*(line_quantity|quantity)")


def _column_of(name: str, value: Any) -> Column:
    if isinstance(value, str):
        same = _SAME_AS.fullmatch(value)
        if same:
            return Column(same_as=same[1])
        if _PRODUCT.fullmatch(value):
            return Column(product=True)
        return Column((value,))
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value):
        return Column(tuple(value))
    if isinstance(value, Mapping) and len(value) == 1:
        ((how, what),) = value.items()
        if how == "constant" and isinstance(what, str | int | float):
            return Column(constant=str(what))
        if how == "column" and isinstance(what, str):
            return Column((what,))
        if how == "sum" and isinstance(what, list):
            return Column(tuple(map(str, what)), sum=True)
        if how == "first_filled" and isinstance(what, list):
            return Column(tuple(map(str, what)), filled=True)
        if how == "joined" and isinstance(what, list) and what:
            if name not in JOINED_FIELDS:
                raise _bad(f"columns: {name} cannot be joined; {', '.join(JOINED_FIELDS)} can")
            return Column(tuple(map(str, what)), joined=True)
    raise _bad(
        f"columns: {name} must be a column name, a list of them, `same as FIELD`, "
        "`unit price × quantity`, {constant: VALUE}, {sum: [COLUMN, …]}, "
        "{first_filled: [COLUMN, …]} or {joined: [COLUMN, …]}"
    )


def _identifiers_of(raw: Any, columns: Mapping[str, Column]) -> tuple[tuple[str, str], ...]:
    """Pairs of identifier kind and field, best first."""
    if raw is None:
        fields = {"phone": ("buyer_phone", "phone"), "email": ("buyer_email", "email")}
        return tuple(
            (kind, name)
            for kind in IDENTIFIER_KINDS
            for name in fields.get(kind, (kind,))
            if name in columns
        )[:3]
    if isinstance(raw, Mapping):
        pairs = tuple((str(kind), str(name)) for kind, name in raw.items())
    elif isinstance(raw, list):
        pairs = tuple(
            (
                str(name).removeprefix("buyer_")
                if str(name) in ("buyer_phone", "buyer_email")
                else str(name),
                str(name),
            )
            for name in raw
        )
    else:
        raise _bad("identifiers: must be a list of fields, or a table of kind: field")
    for kind, name in pairs:
        if kind not in IDENTIFIER_KINDS:
            raise _bad(f"identifiers: {kind!r} is not one of {', '.join(IDENTIFIER_KINDS)}")
        if name not in columns:
            raise _bad(f"identifiers: the field {name!r} is not mapped")
    if len(pairs) > 3:
        raise _bad("identifiers: at most three")
    return pairs


def _status_of(raw: Any, kind: str) -> dict[str, str | tuple[str, str]]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise _bad("status: must be a table of the file's words and ours")
    allowed = REFUND_STATUSES if kind == "refunds" else STATUSES
    found: dict[str, str | tuple[str, str]] = {}
    for word, meaning in raw.items():
        if isinstance(meaning, Mapping) and set(meaning) == {"paid", "unpaid"}:
            pair = (str(meaning["paid"]), str(meaning["unpaid"]))
        else:
            pair = (str(meaning), str(meaning))
        for one in pair:
            if one not in allowed:
                raise _bad(
                    f"status: {one!r} is not one of {', '.join(sorted(filter(None, allowed)))}"
                )
        found[header_key(str(word))] = pair if pair[0] != pair[1] else pair[0]
    return found


def _zone_of(raw: Any) -> str | None:
    if raw is None:
        return None
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        ZoneInfo(str(raw))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise _bad(f"time_zone: {raw!r} is not a time zone such as Asia/Shanghai") from error
    return str(raw)


def _currency_of(raw: Any) -> str | None:
    if raw is not None and not re.fullmatch("[A-Z]{3}", str(raw)):
        raise _bad(f"currency: {raw!r} is not a code such as CNY")
    return None if raw is None else str(raw)


def _header_row_of(raw: Any) -> int | None:
    if raw is not None and (
        not isinstance(raw, int) or isinstance(raw, bool) or not 1 <= raw <= 30
    ):
        raise _bad("header_row: must be the number of the row with the column names, 1 to 30")
    return raw
