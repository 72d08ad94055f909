"""A format laid over a header: which column each field is read from, and how it is cleaned."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.ingest.reading import cells, limits, people, times
from huitou.ingest.reading.cells import Cell
from huitou.ingest.reading.columns import Cleaned, Cleaner, TimeCleaner, patched
from huitou.ingest.reading.formats import CONSENT_FIELDS, Column, Format, header_key
from huitou.ingest.reading.regions import Region, region_in
from huitou.ingest.records import ReadContext
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.money import minor_digits

AMOUNTS = frozenset(
    {"list", "discount", "coupon", "shipping", "paid", "refunded", "amount"}
    | {"line_list", "line_paid", "line_discount", "line_refunded"}
)
TIMES = frozenset(
    {"ordered_at", "paid_at", "shipped_at", "finished_at", "requested_at"}
    | {"reviewed_at", "joined_at"}
)
_IDS = {
    "order_no": limits.ID_CHARS_MAX,
    "line_id": limits.ID_CHARS_MAX,
    "refund_no": limits.ID_CHARS_MAX,
    "review_no": limits.ID_CHARS_MAX,
    "product_code": limits.CODE_CHARS_MAX,
    "product_id": limits.CODE_CHARS_MAX,
    "buyer_id": limits.EMAIL_CHARS_MAX,
    "customer_id": limits.EMAIL_CHARS_MAX,
    "household_id": limits.EMAIL_CHARS_MAX,
    "account": limits.EMAIL_CHARS_MAX,
    "unionid": limits.EMAIL_CHARS_MAX,
    "card_number": limits.EMAIL_CHARS_MAX,
}
_TEXTS = {
    "receiver": limits.NAME_CHARS_MAX,
    "buyer_name": limits.NAME_CHARS_MAX,
    "buyer_first_name": limits.NAME_CHARS_MAX,
    "buyer_nick": limits.NAME_CHARS_MAX,
    "payment_account": limits.EMAIL_CHARS_MAX,
    "name": limits.NAME_CHARS_MAX,
    "first_name": limits.NAME_CHARS_MAX,
    "nick": limits.NAME_CHARS_MAX,
    "product_title": limits.TITLE_CHARS_MAX,
    "variant": limits.VARIANT_CHARS_MAX,
    "category": limits.CATEGORY_CHARS_MAX,
    "device": limits.DEVICE_CHARS_MAX,
    "reason": limits.REASON_CHARS_MAX,
    "province": 40,
    "city": 60,
    "refund_state": 60,
}
_PHONES = frozenset({"receiver_phone", "buyer_phone", "phone"})
_EMAILS = frozenset({"buyer_email", "email"})
_STATES = frozenset({"status", "line_status", "progress"})

# Texts that are clean as they stand: they start with a letter, digit or Chinese character, hold
# nothing invisible, and end visibly.
_PLAIN_TEXT = (
    r"^[0-9A-Za-z\x{4e00}-\x{9fff}]"
    r"([ -~\x{3001}-\x{9fff}\x{ff01}-\x{ff5e}]{0,%d}[!-~\x{4e00}-\x{9fff}])?$"
)
_PLAIN_ID = r"^([0-9]{1,%d}|[A-DF-Z][A-Z0-9-]{3,%d})$"
BIRTHDAY = pa.struct([("solar", pa.date32()), ("lunar", pa.string())])
PHONE = pa.struct([("display", pa.string()), ("key", pa.string())])
REGION = pa.struct([("province", pa.string()), ("city", pa.string())])


@dataclass
class Binding:
    """A format and the positions of its columns in one file's header.

    ``positions`` gives, for each field read from the file, the columns it is read from (several
    when they are summed). ``warnings`` count the columns that nothing reads.
    """

    format: Format
    positions: dict[str, list[int]]
    header: list[str]
    time_zone: str
    currency: str
    warnings: Counter[str]
    # The first currency the file states; all its rows must agree with it.
    seen_currency: str | None = None

    @property
    def wanted(self) -> list[int]:
        """The positions to read."""
        return sorted({at for positions in self.positions.values() for at in positions})

    def column_name(self, field: str) -> str:
        """The header of the column ``field`` is read from."""
        return self.header[self.positions[field][0]] if field in self.positions else field


def bind(format_: Format, header: list[str], context: ReadContext) -> Binding:
    """Lays ``format_`` over ``header``.

    Raises ``RefusedInputError`` MISSING_KEY_COLUMN or DUPLICATE_COLUMN, or BAD_MAPPING when a
    mapping names a column that the file does not have.
    """
    places: dict[str, list[int]] = {}
    for at, name in enumerate(header):
        places.setdefault(header_key(name), []).append(at)
    positions: dict[str, list[int]] = {}
    for field, column in format_.columns.items():
        found = [places[key] for key in map(header_key, column.aliases) if key in places]
        if found:
            if column.joined and len(found) < len(column.aliases):
                raise _missing_part(field, column, header, places)
            chosen = found if column.sum or column.filled or column.joined else found[:1]
            for place in chosen:
                if len(place) > 1:
                    _refuse_duplicate(header, place)
            positions[field] = [place[0] for place in chosen]
        elif column.aliases and field in format_.required:
            raise RefusedInputError(
                "MISSING_KEY_COLUMN",
                f"the column {column.aliases[0]!r} ({field}) is missing; "
                f"the file has: {', '.join(header[:40])}",
            )
        elif column.aliases and format_.is_mapping:
            raise RefusedInputError(
                "BAD_MAPPING",
                f"columns: {field}: the file has no column {column.aliases[0]!r}; "
                f"it has: {', '.join(header[:40])}",
            )
    used = {at for found in positions.values() for at in found}
    known = {header_key(name) for column in format_.columns.values() for name in column.aliases}
    known |= {header_key(name) for name in format_.known}
    unknown = sum(
        at not in used and header_key(name) not in known and bool(name.strip())
        for at, name in enumerate(header)
    )
    warnings = Counter({"UNKNOWN_COLUMN": unknown} if unknown else {})
    return Binding(
        format_,
        positions,
        header,
        format_.time_zone or context.time_zone,
        format_.currency or context.currency,
        warnings,
    )


def _missing_part(
    field: str, column: Column, header: list[str], places: Mapping[str, list[int]]
) -> RefusedInputError:
    lacking = next(name for name in column.aliases if header_key(name) not in places)
    return RefusedInputError(
        "BAD_MAPPING",
        f"columns: {field}: the file has no column {lacking!r}; it has: {', '.join(header[:40])}",
    )


def _refuse_duplicate(header: list[str], place: list[int]) -> None:
    names = " and ".join(f"{header[at].strip()!r} (column {at + 1})" for at in place)
    raise RefusedInputError(
        "DUPLICATE_COLUMN", f"two columns have one name: {names}; rename or remove one of them"
    )


class AnyCleaner(Protocol):
    """What cleans a column."""

    def __call__(self, column: pa.Array, *, fast: bool = True) -> Cleaned:
        """The cleaned column; with ``fast`` off every value by itself."""


class Cleaners:
    """The cleaner of each field of a binding; they remember values from chunk to chunk."""

    def __init__(self, binding: Binding, context: ReadContext) -> None:
        self.binding = binding
        self.context = context
        self.made: dict[str, AnyCleaner] = {}

    def clean(self, field: str, column: pa.Array, *, fast: bool = True) -> Cleaned:
        """``column`` cleaned as ``field``."""
        if field not in self.made:
            self.made[field] = self._make(field)
        return self.made[field](column, fast=fast)

    def _make(self, field: str) -> AnyCleaner:
        format_ = self.binding.format
        if field in TIMES:
            return self._times()
        if field in AMOUNTS:
            digits = minor_digits(self.binding.currency)
            amount = partial(
                cells.clean_amount,
                digits=digits,
                decimal_comma=format_.decimal_comma,
                negative=format_.negatives,
                null_words=format_.null_words,
            )
            # `168.00` in bulk where the currency has cents.
            plain = r"^[0-9]{1,12}\.[0-9]{2}$" if digits == 2 and not format_.decimal_comma else ""
            return Cleaner(amount, pa.int64(), plain=plain, bulk=_without_point)
        if field == "unit_price":
            price = partial(
                cells.clean_unit_price,
                decimal_comma=format_.decimal_comma,
                negative=format_.negatives,
            )
            return Cleaner(price, pa.int64(), part=lambda value: int(value.scaleb(6)))
        if field in ("quantity", "line_quantity"):
            return Cleaner(partial(cells.clean_quantity, negative=format_.negatives), pa.int64())
        return self._make_text(field)

    def _make_text(self, field: str) -> AnyCleaner:
        format_ = self.binding.format
        if field in _IDS:
            return IdColumn(_IDS[field], quiet=not format_.is_mapping)
        if field in _PHONES:
            return PhoneColumn(format_.phone_region)
        if field in _EMAILS:
            return Cleaner(people.clean_email, pa.string())
        if field in _STATES:
            return Cleaner(_clean_state, pa.string())
        if field == "address":
            return AddressColumn()
        if field == "gender":
            return Cleaner(people.clean_gender, pa.string())
        if field in CONSENT_FIELDS:
            return Cleaner(people.clean_consent, pa.bool_())
        if field == "birthday":
            today = self.context.now.date()
            formats = self.binding.format.date_formats
            return Cleaner(
                partial(
                    times.clean_birthday, today=today, formats=formats, day_first=format_.day_first
                ),
                BIRTHDAY,
                part=times.Birthday._asdict,
            )
        if field == "rating":
            return Cleaner(_clean_rating, pa.int64())
        if field == "currency":
            return Cleaner(_clean_currency, pa.string())
        size = _TEXTS.get(field, limits.FIELD_CHARS_MAX)
        # RE2 bounds a repetition at 1,000; longer texts take the careful way.
        plain = _PLAIN_TEXT % min(size - 2, 998)
        return Cleaner(partial(cells.clean_text, chars_max=size), pa.string(), plain=plain)

    def _times(self) -> TimeCleaner:
        format_ = self.binding.format
        clean = partial(
            times.clean_wall_time,
            formats=format_.date_formats,
            epoch=format_.epoch,
            day_first=format_.day_first,
        )
        latest = self.context.now + timedelta(days=1)
        override = any(pattern.startswith("%Y-") for pattern in format_.date_formats)
        return TimeCleaner(clean, self.binding.time_zone, latest, formats_override=override)


class IdColumn:
    """Cleans identifiers: digits, bare or as ``="…"``, in bulk."""

    def __init__(self, chars_max: int, *, quiet: bool) -> None:
        """``quiet`` leaves out the warning about noise that the platform is known to write."""
        self.quiet = quiet
        self.quoted = rf'^="[0-9]{{1,{chars_max}}}"$'
        self.careful = Cleaner(
            partial(cells.clean_identifier, chars_max=chars_max),
            pa.string(),
            plain=_PLAIN_ID % (min(chars_max, 999), min(chars_max, 999) - 1),
        )

    def __call__(self, column: pa.Array, *, fast: bool = True) -> Cleaned:
        """The cleaned column."""
        quoted = np.asarray(pc.match_substring_regex(column, self.quoted))
        if not (fast and quoted.any()):
            cleaned = self.careful(column, fast=fast)
        elif quoted.all():
            cleaned = Cleaned(pc.utf8_slice_codeunits(column, 2, -1))
            cleaned.warnings["ID_NOISE_STRIPPED"] = np.arange(len(column))
        else:
            rest = np.flatnonzero(~quoted)
            cleaned = patched(
                pc.utf8_slice_codeunits(column, 2, -1), rest, self.careful(column.take(rest))
            )
            noisy = cleaned.warnings.get("ID_NOISE_STRIPPED", rest[:0])
            cleaned.warnings["ID_NOISE_STRIPPED"] = np.union1d(noisy, np.flatnonzero(quoted))
        if self.quiet:
            cleaned.warnings.pop("ID_NOISE_STRIPPED", None)
        return cleaned


class PhoneColumn:
    """Cleans phones: whole Chinese mobile numbers in bulk."""

    _PLAIN = r"^'?1[3-9][0-9]{9}$"
    _ALIKE = "|".join(f"{digit}{{8}}" for digit in range(10))
    _ODD = f"^'?(1[3-9][0-9]({_ALIKE})|{'|'.join(sorted(people.PHONE_PLACEHOLDERS))})$"

    def __init__(self, region: str | None) -> None:
        self.bulk = region == "CN"
        self.careful = Cleaner(
            partial(people.clean_phone, region=region), PHONE, part=people.Phone._asdict
        )

    def __call__(self, column: pa.Array, *, fast: bool = True) -> Cleaned:
        """The cleaned column, of ``PHONE`` structs."""
        if not (fast and self.bulk):
            return self.careful(column)
        plain = np.asarray(pc.match_substring_regex(column, self._PLAIN))
        plain &= ~np.asarray(pc.match_substring_regex(column, self._ODD))
        rest = np.flatnonzero(~plain)
        if len(rest) == len(column):
            return self.careful(column)
        display = pc.utf8_ltrim(column, characters="'")
        key = pc.binary_join_element_wise("+86", display, "")
        bulk = pa.StructArray.from_arrays([display, key], fields=list(PHONE))
        return patched(bulk, rest, self.careful(column.take(rest))) if len(rest) else Cleaned(bulk)


def _without_point(amounts: pa.Array) -> pa.Array:
    return pc.replace_substring(amounts, ".", "", max_replacements=1).cast(pa.int64())


class AddressColumn:
    """Finds province and city in addresses, looking at their first words only."""

    def __init__(self) -> None:
        self.careful = Cleaner(_clean_address, REGION, part=Region._asdict)

    def __call__(self, column: pa.Array, *, fast: bool = True) -> Cleaned:
        """The cleaned column, of ``REGION`` structs."""
        if fast:
            # The rest of an address is nearly unique and names no province.
            heads = pc.replace_substring_regex(column, f"(?s){_TWO_WORDS}", r"\1")
            column = pc.utf8_slice_codeunits(heads, 0, _ADDRESS_HEAD)
        return self.careful(column, fast=fast)


# The first two words of an address, when it is written in words.
_TWO_WORDS = r"^([^ \x00]{2,12} [^ \x00]{2,14}) [^\x00]*$"
_ADDRESS_HEAD = 24


def _clean_state(text: str) -> Cell:
    problem = cells.typed_problem(text)
    if problem:
        return Cell(None, problem)
    word = cells.clean_text(text, 60)
    return word if word.problem else Cell(header_key(str(word.value)))


def _clean_address(text: str) -> Cell:
    problem = cells.typed_problem(text)
    if problem:
        return Cell(None, problem)
    return Cell(region_in(re.sub(_TWO_WORDS, r"\1", text)[:_ADDRESS_HEAD]))


def _clean_rating(text: str) -> Cell:
    cell = cells.clean_quantity(text)
    if cell.problem or cell.value is None:
        return Cell(None, "BAD_RATING" if cell.problem == "BAD_QUANTITY" else cell.problem)
    return cell if cell.value in (1, 2, 3, 4, 5) else Cell(None, "BAD_RATING")


_CURRENCY_WORDS = {"人民币": "CNY", "rmb": "CNY", "¥": "CNY", "元": "CNY", "€": "EUR", "£": "GBP"}
# ISO 4217 codes in circulation.
_CURRENCIES = frozenset(
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP "
    "BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
    "GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR "
    "KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK "
    "MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR "
    "SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH "
    "UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG".split()
)


def _clean_currency(text: str) -> Cell:
    problem = cells.typed_problem(text)
    if problem:
        return Cell(None, problem)
    word = text.strip().removeprefix("'").strip()
    if word.lower() in cells.NULL_WORDS:
        return Cell(None)
    code = _CURRENCY_WORDS.get(word.lower(), word.upper())
    return Cell(code) if code in _CURRENCIES else Cell(None, "UNKNOWN_CURRENCY")
