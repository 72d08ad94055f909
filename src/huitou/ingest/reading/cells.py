"""What one cell means: text in, a clean value out, or the code of the rule it breaks.

These functions are the only definition of a clean value. ``columns`` runs them over whole columns
and takes short cuts for values whose outcome is plain; a property test holds the two equal.
Every cleaner returns ``(value, problem, warning)``; a value with a problem is never used.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

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
INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
SCIENTIFIC = re.compile(r"[-+]?\d+(\.\d+)?[eE][-+]?\d+")
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
    """The text that carries a typed cell.

    ``kind`` is bool, date, encoding, error, formula, nul or number.
    """
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
            "encoding": "BAD_ENCODING",
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
    key = INVISIBLE.sub("", unicodedata.normalize("NFKC", text)).strip()
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
    if SCIENTIFIC.fullmatch(bare):
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
    """An amount of money in minor units.

    ``digits`` is the currency's number of decimals; ``null_words`` are the format's own words for
    no amount.

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
