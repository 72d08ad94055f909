"""What one cell means: text in, a clean value out, or the code of the rule it breaks.

These functions are the only definition of a clean value. ``columns`` runs them over whole columns
and takes short cuts for values whose outcome is plain; a property test holds the two equal.
Every cleaner returns ``(value, problem, warning)``; a value with a problem is never used.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

import phonenumbers

from huitou.ingest.reading import limits

# Typed cells of workbooks and Parquet travel as text behind this mark, which no text file may hold.
MARK = "\x00"

# Words that say "nothing" in the exports seen. Compared case-insensitively.
NULL_WORDS = frozenset(
    {"", "null", "'null", "none", "n/a", "nan", "nil", "\\n", "无", "-", "--", "—", "——", "/"}
)
# NaN in a number is a damaged value, not an empty one.
_NUMBER_NULL_WORDS = NULL_WORDS - {"nan"}

_EXCEL_ERRORS = frozenset(
    {"#n/a", "#ref!", "#value!", "#div/0!", "#name?", "#null!", "#num!", "#spill!", "#calc!"}
)
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_SCIENTIFIC = re.compile(r"[-+]?\d+(\.\d+)?[eE][-+]?\d+")
_QUOTED_BY_EXCEL = re.compile(r'="([^"]*)"')
_MASK = re.compile(r"[*＊•●]|^##|^\$\$|~.+~$")
# What Douyin writes instead of a name, phone or address.
_CIPHER = re.compile(r"##.*##|\$\$.*\$\$|~.*~", re.DOTALL)
_MOJIBAKE = re.compile("[\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u00ff][\u00a1-\u00ff]|锟斤拷|\ufffd")


class Cell(NamedTuple):
    """A cleaned value, the rule it breaks, and what was odd about it."""

    value: object
    problem: str = ""
    warning: str = ""


def marked(kind: str, text: str) -> str:
    """The text that carries a typed cell of ``kind`` (bool, error, formula, number, nul)."""
    return f"{MARK}{kind}:{text}"


def shown(text: str) -> str:
    """``text`` as a person may see and a database may store it.

    >>> shown(marked("error", "#N/A")), shown("a\\x00b")
    ('#N/A', 'a␀b')
    """
    if text.startswith(MARK):
        text = text.partition(":")[2]
    return text.replace("\x00", "␀")


def typed_problem(text: str) -> str:
    """The code of a cell that is no text at all, or ''."""
    if MARK in text:
        kind = text[1:].partition(":")[0] if text.startswith(MARK) else ""
        return {
            "bool": "BOOLEAN_VALUE",
            "error": "EXCEL_ERROR",
            "formula": "FORMULA_WITHOUT_VALUE",
            "number": "EXCEL_DAMAGED_NUMBER",
            "date": "BAD_DATE",
        }.get(kind, "NUL_CHARACTER")
    return "EXCEL_ERROR" if text.strip().lower() in _EXCEL_ERRORS else ""


def is_masked(text: str) -> bool:
    """Whether a platform hid part of ``text``; such a value is never an identity.

    >>> is_masked("知**"), is_masked("##Tg0==##"), is_masked("知夏小站")
    (True, True, False)
    """
    return bool(_MASK.search(text))


def key_of(text: str, *, fold: bool = True) -> str:
    """``text`` as an identity key: NFKC, invisible characters out, case folded unless told not to.

    >>> key_of("Ａnna\u200b")
    'anna'
    """
    key = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip()
    # Folding may produce decomposed letters (İ gives two), so compose again.
    return unicodedata.normalize("NFKC", key.casefold()) if fold else key


def clean_text(text: str, chars_max: int) -> Cell:
    """Free text, trimmed; words for nothing become ''."""
    if MARK in text:
        problem = typed_problem(text)
        if problem not in ("BOOLEAN_VALUE", "EXCEL_DAMAGED_NUMBER"):
            return Cell(None, problem)
        text = shown(text)
    value = text.strip().removeprefix("'").strip()
    quoted = _QUOTED_BY_EXCEL.fullmatch(value)
    if quoted:
        value = quoted[1]
    if value.lower() in NULL_WORDS:
        return Cell("")
    if value.lower() in _EXCEL_ERRORS:
        return Cell(None, "EXCEL_ERROR")
    if _CIPHER.fullmatch(value):
        return Cell("")
    if len(value) > chars_max:
        return Cell(None, "TEXT_TOO_LONG")
    if _CONTROL.search(value):
        return Cell(None, "CONTROL_CHARACTER")
    return Cell(value, "", "MOJIBAKE" if _MOJIBAKE.search(value) else "")


def clean_identifier(text: str, chars_max: int = limits.ID_CHARS_MAX) -> Cell:
    """An order number or product code: text, never a number, never repaired by guess.

    >>> clean_identifier('="00012"').value, clean_identifier("2.03E+17").problem
    ('00012', 'EXCEL_DAMAGED_ID')
    """
    problem = typed_problem(text)
    if problem:
        return Cell(None, "EXCEL_DAMAGED_ID" if problem == "EXCEL_DAMAGED_NUMBER" else problem)
    value = text.strip()
    quoted = _QUOTED_BY_EXCEL.fullmatch(value)
    bare = (quoted[1] if quoted else value.removeprefix("'")).strip()
    # A word for nothing is looked for before and after the noise: `'null`, `="-"`.
    if bare.lower() in NULL_WORDS:
        return Cell(None)
    bare = unicodedata.normalize("NFKC", bare)
    if _SCIENTIFIC.fullmatch(bare):
        return Cell(None, "EXCEL_DAMAGED_ID")
    if bare.endswith(".0") and bare[:-2].isdigit():
        if len(bare) - 2 > limits.EXACT_FLOAT_DIGITS:
            return Cell(None, "EXCEL_DAMAGED_ID")
        return Cell(bare[:-2], "", "ID_POINT_ZERO")
    if len(bare) > chars_max:
        return Cell(None, "ID_TOO_LONG")
    if _CONTROL.search(bare) or "\n" in bare or "\r" in bare or "\t" in bare:
        return Cell(None, "BAD_ID")
    if any(not c.isascii() and unicodedata.category(c)[0] in "NC" for c in bare):
        return Cell(None, "BAD_ID")
    return Cell(bare, "", "" if bare == text else "ID_NOISE_STRIPPED")


_AMOUNT = re.compile(
    r"(?P<sign>-?)[¥$€£]?\s*(?P<whole>\d+|\d{1,3}(?:,\d{3})+)(?:\.(?P<part>\d+))?\s*元?", re.ASCII
)
_AMOUNT_COMMA = re.compile(
    r"(?P<sign>-?)[¥$€£]?\s*(?P<whole>\d+|\d{1,3}(?:\.\d{3})+)(?:,(?P<part>\d+))?\s*[€元]?",
    re.ASCII,
)
# JD writes "499.00（系统计算中，该值仅供参考）".
_FOOTNOTE = re.compile(r"(?<=\d)\((?=[^)]*[^\W\d])[^)]*\)$")


def clean_amount(
    text: str,
    digits: int = 2,
    decimal_comma: bool = False,
    negative: bool = False,
    null_words: tuple[str, ...] = (),
) -> Cell:
    """An amount of money in minor units; ``digits`` is the currency's number of decimals,
    ``null_words`` are the format's own words for no amount.

    >>> clean_amount("¥1,234.50").value, clean_amount("19.995").problem
    (123450, 'TOO_MANY_DECIMALS')
    """
    problem = typed_problem(text)
    if problem:
        return Cell(None, "BAD_AMOUNT" if problem == "EXCEL_DAMAGED_NUMBER" else problem)
    value = text.strip().removeprefix("'").strip()
    if value.lower() in _NUMBER_NULL_WORDS or value in null_words:
        return Cell(None)
    value = unicodedata.normalize("NFKC", value)
    if len(value) > 64:
        value = value[:64]
    value = _FOOTNOTE.sub("", value).strip()
    found = (_AMOUNT_COMMA if decimal_comma else _AMOUNT).fullmatch(value)
    if not found:
        return Cell(None, "BAD_AMOUNT")
    whole = found["whole"].replace(",", "").replace(".", "").lstrip("0")
    part = (found["part"] or "").rstrip("0")
    if len(part) > digits:
        return Cell(None, "TOO_MANY_DECIMALS")
    if len(whole) > limits.AMOUNT_DIGITS_MAX:
        return Cell(None, "NUMBER_OUT_OF_RANGE")
    minor = int(whole + part.ljust(digits, "0") or "0")
    if found["sign"] and minor:
        return Cell(-minor) if negative else Cell(None, "NEGATIVE_AMOUNT")
    return Cell(minor)


_QUANTITY = re.compile(r"(-?)(\d{1,3}(?:,\d{3})+|\d+)(?:\.0+)?", re.ASCII)


def clean_quantity(text: str, negative: bool = False) -> Cell:
    """A whole number of pieces.

    >>> clean_quantity("2.0").value, clean_quantity("0.5").problem
    (2, 'BAD_QUANTITY')
    """
    problem = typed_problem(text)
    if problem:
        return Cell(None, "BAD_QUANTITY" if problem == "EXCEL_DAMAGED_NUMBER" else problem)
    value = text.strip().removeprefix("'").strip()
    if value.lower() in _NUMBER_NULL_WORDS:
        return Cell(None)
    found = _QUANTITY.fullmatch(unicodedata.normalize("NFKC", value))
    if not found:
        return Cell(None, "BAD_QUANTITY")
    if len(found[2]) > 14 or int(found[2].replace(",", "")) > limits.QUANTITY_MAX:
        return Cell(None, "NUMBER_OUT_OF_RANGE")
    number = int(found[2].replace(",", ""))
    if found[1] and number:
        return Cell(-number) if negative else Cell(None, "NEGATIVE_QUANTITY")
    return Cell(number)


def clean_unit_price(text: str, decimal_comma: bool = False, negative: bool = False) -> Cell:
    """A price per piece as ``Decimal``; up to six decimals, rounded only after multiplying."""
    cell = clean_amount(text, 6, decimal_comma, negative)
    if cell.problem or cell.value is None:
        return cell
    assert isinstance(cell.value, int)
    return Cell(Decimal(cell.value).scaleb(-6))


# Numbers typed when a form insists.
PHONE_PLACEHOLDERS = frozenset(
    {"13800138000", "13800000000", "13888888888", "13900000000", "12345678901", "12345678900"}
)
_CN_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_EXTENSION = re.compile(
    r"(1[3-9]\d{9})\s*(?:-|转|,|#|ext\.?)\s*(\d{1,6})", re.ASCII | re.IGNORECASE
)


class Phone(NamedTuple):
    """A phone as shown, and its E.164 form when it may identify a person."""

    display: str
    key: str | None


def clean_phone(text: str, region: str | None = "CN") -> Cell:
    """A phone number: what to show, and the E.164 key if it is whole, real and personal.

    >>> clean_phone("０08613800001234").value
    Phone(display='13800001234', key='+8613800001234')
    >>> clean_phone("138****8000").value
    Phone(display='138****8000', key=None)
    """
    problem = typed_problem(text)
    if problem:
        return Cell(None, "EXCEL_DAMAGED_PHONE" if problem.endswith("NUMBER") else problem)
    value = text.strip().removeprefix("'").strip()
    if value.lower() in NULL_WORDS:
        return Cell(Phone("", None))
    value = _INVISIBLE.sub("", unicodedata.normalize("NFKC", value)).strip()
    if is_masked(value):
        # Cipher text of a hidden number is nothing to show.
        hint = "" if value.startswith(("##", "$$", "~")) else value[: limits.PHONE_CHARS_MAX]
        return Cell(Phone(hint, None))
    if _SCIENTIFIC.fullmatch(value):
        return Cell(None, "EXCEL_DAMAGED_PHONE")
    value = value.removesuffix(".0")
    if _EXTENSION.fullmatch(value):
        return Cell(Phone(value[: limits.PHONE_CHARS_MAX], None), "", "VIRTUAL_NUMBER")
    if _two_numbers(value):
        return Cell(None, "TWO_PHONES")
    return _whole_phone(value, region)


def _two_numbers(value: str) -> bool:
    parts = [
        re.sub(r"\D", "", part) for part in re.split(r"[/,;、|]|\s{2,}| (?=1[3-9]\d{9})", value)
    ]
    return sum(len(part) >= 7 for part in parts) > 1 or len(re.sub(r"\D", "", value)) > 16


def _whole_phone(value: str, region: str | None) -> Cell:
    digits = re.sub(r"[\s\-().]", "", value)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    bare = digits.removeprefix("+")
    if region == "CN" and not digits.startswith("+") and len(bare) == 13 and bare[:2] == "86":
        digits, bare = "+" + bare, bare
    national = bare[2:] if digits.startswith("+86") else bare
    if region == "CN" or digits.startswith("+86"):
        if _CN_MOBILE.fullmatch(national) or national in PHONE_PLACEHOLDERS:
            if national in PHONE_PLACEHOLDERS or len(set(national[3:])) == 1:
                return Cell(Phone(national, None), "", "PLACEHOLDER_PHONE")
            return Cell(Phone(national, "+86" + national))
    if bare.isascii() and bare.isdigit() and len(set(bare)) == 1:
        return Cell(Phone(value[: limits.PHONE_CHARS_MAX], None), "", "PLACEHOLDER_PHONE")
    if digits.startswith("+") and not digits.startswith("+86"):
        if re.fullmatch(r"\+[1-9]\d{7,14}", digits, re.ASCII):
            return Cell(Phone(digits, digits))
    elif region not in (None, "CN"):
        return _parsed_phone(value, region)
    if re.fullmatch(r"[\d+\-() .]{5,40}", value, re.ASCII):
        return Cell(Phone(value, None), "", "NOT_A_MOBILE")
    return Cell(Phone(value[: limits.PHONE_CHARS_MAX], None), "", "PHONE_NOT_UNDERSTOOD")


def _parsed_phone(value: str, region: str) -> Cell:
    try:
        number = phonenumbers.parse(value, region)
    except phonenumbers.NumberParseException:
        return Cell(Phone(value[: limits.PHONE_CHARS_MAX], None), "", "PHONE_NOT_UNDERSTOOD")
    if not phonenumbers.is_valid_number(number):
        return Cell(Phone(value[: limits.PHONE_CHARS_MAX], None), "", "PHONE_NOT_UNDERSTOOD")
    key = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return Cell(Phone(key, key))


_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}"
    r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z][A-Za-z0-9-]{0,61}[A-Za-z0-9]"
)


def clean_email(text: str) -> Cell:
    """An e-mail address, trimmed, its domain in lower case.

    >>> clean_email(" Mira@EXAMPLE.com ").value, clean_email("a@localhost").problem
    ('Mira@example.com', 'BAD_EMAIL')
    """
    problem = typed_problem(text)
    if problem:
        return Cell(None, problem)
    value = text.strip(" \t　").removeprefix("'").strip(" \t")
    if value.lower() in NULL_WORDS:
        return Cell("")
    if is_masked(value):
        return Cell(value[: limits.EMAIL_CHARS_MAX])
    if any(ord(c) > 127 for c in value):
        return Cell(None, "EMAIL_NOT_SUPPORTED" if "@" in value else "BAD_EMAIL")
    if len(value) > limits.EMAIL_CHARS_MAX or not _EMAIL.fullmatch(value):
        return Cell(None, "BAD_EMAIL")
    local, _, domain = value.rpartition("@")
    return Cell(f"{local}@{domain.lower()}")


_GENDERS = {
    "female": ("女", "女性", "女士", "f", "female", "w", "woman"),
    "male": ("男", "男性", "先生", "m", "male", "man"),
}
_GENDER_WORDS = {word: gender for gender, words in _GENDERS.items() for word in words}


def clean_gender(text: str) -> Cell:
    """``female``, ``male`` or ''."""
    problem = typed_problem(text)
    return Cell(None, problem) if problem else Cell(_GENDER_WORDS.get(text.strip().lower(), ""))


_DATE_TIME = re.compile(
    r"(?P<y>\d{4})(?P<s>[-/.年])(?P<mo>\d{1,2})[-/.月](?P<d>\d{1,2})日?"
    r"(?:[T ]\s*(?P<h>\d{1,2}):(?P<mi>\d{1,2})(?::(?P<se>\d{1,2})(?:\.(?P<f>\d{1,9}))?)?)?"
    r"\s*(?P<z>Z|UTC|[+-]\d{2}:?\d{2})?",
    re.ASCII,
)
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?", re.ASCII)
_SHORT_DATE = re.compile(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2}(\d{2})?\b.*", re.ASCII | re.DOTALL)
_YEAR_LAST = re.compile(
    r"(\d{1,2})[-/.](\d{1,2})[-/.](?P<y>\d{4}|\d{2})"
    r"(?:[T ]\s*(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<se>\d{2}))?\s*(?P<ap>[AaPp][Mm])?)?",
    re.ASCII,
)
_EPOCH = re.compile(r"\d{9,14}(\.0+)?", re.ASCII)
_EPOCH_SECONDS_MAX = 253_000_000_000  # the year 9987
_UNKNOWN_DAYS = frozenset({(1900, 1, 1), (1899, 12, 31), (1970, 1, 1), (9999, 12, 31)})


class WallTime(NamedTuple):
    """A time as written: naive when ``offset`` is None, else with that offset from UTC."""

    wall: datetime
    offset: timedelta | None


def clean_wall_time(
    text: str, formats: tuple[str, ...] = (), epoch: str = "", day_first: bool | None = None
) -> Cell:
    """A point in time as written, before the zone is applied.

    ``formats`` are strptime patterns tried first; year-first forms are always understood, forms
    with the year last only by a pattern or ``day_first``. ``epoch`` is ``s`` or ``ms``.

    >>> clean_wall_time("2026/6/7 13:41").value.wall
    datetime.datetime(2026, 6, 7, 13, 41)
    >>> clean_wall_time("24/01/02").problem
    'AMBIGUOUS_DATE'
    """
    problem = typed_problem(text)
    if problem:
        return Cell(None, "BAD_DATE" if problem == "EXCEL_DAMAGED_NUMBER" else problem)
    value = text.strip().removeprefix("'").strip()
    if value.lower() in NULL_WORDS:
        return Cell(None)
    value = unicodedata.normalize("NFKC", value)
    if len(value) > 64:
        return Cell(None, "BAD_DATE")
    if epoch and _EPOCH.fullmatch(value):
        seconds = Decimal(value) / (1000 if epoch == "ms" else 1)
        if seconds > _EPOCH_SECONDS_MAX:
            return Cell(None, "DATE_OUT_OF_RANGE")
        return Cell(WallTime(datetime(1970, 1, 1) + timedelta(seconds=float(seconds)), timedelta()))
    for pattern in formats:
        try:
            parsed = datetime.strptime(value, pattern)  # noqa: DTZ007 - the zone comes later
        except ValueError:
            continue
        return Cell(WallTime(parsed.replace(tzinfo=None), parsed.utcoffset()))
    found = _DATE_TIME.fullmatch(value)
    if found:
        return _from_parts(found)
    compact = _COMPACT.fullmatch(value)
    if compact:
        return _wall(*(int(part or 0) for part in compact.groups()), micro=0, offset=None)
    year_last = _YEAR_LAST.fullmatch(value)
    if year_last and day_first is not None:
        return _from_year_last(year_last, day_first)
    return Cell(None, "AMBIGUOUS_DATE" if _SHORT_DATE.fullmatch(value) else "BAD_DATE")


def _from_year_last(found: re.Match[str], day_first: bool) -> Cell:
    first, second = int(found[1]), int(found[2])
    day, month = (first, second) if day_first else (second, first)
    year = int(found["y"])
    if len(found["y"]) == 2:
        year += 2000 if year < 70 else 1900
    hour = int(found["h"] or 0)
    if found["ap"]:
        if not 1 <= hour <= 12:
            return Cell(None, "BAD_DATE")
        hour = hour % 12 + (12 if found["ap"].lower() == "pm" else 0)
    return _wall(
        year, month, day, hour, int(found["mi"] or 0), int(found["se"] or 0), micro=0, offset=None
    )


def _from_parts(found: re.Match[str]) -> Cell:
    offset = None
    zone = found["z"]
    if zone in ("Z", "UTC"):
        offset = timedelta()
    elif zone:
        hours, minutes = int(zone[1:3]), int(zone[-2:])
        if hours > 14 or minutes > 59:
            return Cell(None, "BAD_DATE")
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if zone[0] == "-" else 1)
    micro = int((found["f"] or "0")[:6].ljust(6, "0"))
    parts = [int(found[name] or 0) for name in ("y", "mo", "d", "h", "mi", "se")]
    return _wall(*parts, micro=micro, offset=offset)


def _wall(
    year: int,
    month: int,
    day: int,
    hour: int,
    minute: int,
    second: int,
    *,
    micro: int,
    offset: timedelta | None,
) -> Cell:
    if (year, month, day) == (0, 0, 0) or (year, month, day) in _UNKNOWN_DAYS:
        return Cell(None, "", "DATE_UNKNOWN")
    extra = timedelta()
    # A leap second and midnight written as 24:00:00 are the instant that follows.
    if second == 60 and minute == 59:
        second, extra = 59, timedelta(seconds=1)
    if (hour, minute, second) == (24, 0, 0):
        hour, extra = 0, timedelta(days=1)
    try:
        wall = datetime(year, month, day, hour, minute, second, micro) + extra
    except (ValueError, OverflowError):
        return Cell(None, "BAD_DATE")
    return Cell(WallTime(wall, offset))


def clean_birthday(
    text: str, today: date, formats: tuple[str, ...] = (), day_first: bool | None = None
) -> Cell:
    """A date of birth: a date, never a time, so that no zone can move it."""
    cell = clean_wall_time(text, formats, "", day_first)
    if cell.problem or cell.value is None:
        return cell
    assert isinstance(cell.value, WallTime)
    born = cell.value.wall.date()
    if born > today or born.year < 1900:
        return Cell(None, "DATE_OUT_OF_RANGE")
    minor = (today.year - born.year - ((today.month, today.day) < (born.month, born.day))) < 14
    return Cell(born, "", "MINOR" if minor else "")
