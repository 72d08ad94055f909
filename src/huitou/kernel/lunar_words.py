"""Lunar days as people and files write them: 农历八月十五, 阴历1990-08-15, 1990年闰五月初三."""

from __future__ import annotations

import re
import unicodedata

from huitou.kernel.errors import RefusedInputError
from huitou.kernel.lunar import MONTHS_ZH, LunarDay

LUNAR, SOLAR = "lunar", "solar"
_CALENDAR = re.compile(
    r"(?P<lunar>农历|阴历|旧历|夏历|\blunar(?: calendar)?\b|^[农阴](?=\s|$))"
    r"|(?P<solar>公历|阳历|新历|国历|\b(?:solar|gregorian)(?: calendar)?\b|^[公阳](?=\s|$))",
    re.IGNORECASE,
)
# No solar date is written with these.
_LUNAR_ONLY = re.compile(r"[初廿卅闰]|[正冬腊]月")
_NUMBER = "一二三四五六七八九十"
_YEAR = r"(?P<year>\d{4}|[〇零○一二三四五六七八九]{4})"
_DAY = re.compile(
    rf"(?:{_YEAR}[-/.年])?(?P<leap>闰)?(?P<month>\d{{1,2}}|[正元冬腊{_NUMBER}]{{1,2}})"
    rf"(?P<leap2>L|\(闰\))?[-/.月](?P<leap3>\(闰\))?(?P<day>\d{{1,2}}|[初廿卅{_NUMBER}]{{1,4}})[日号]?",
    re.ASCII,
)
_COMPACT = re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})", re.ASCII)
_TENS = re.compile(r"(?P<tens>[二三]?)(?P<ten>十?)(?P<ones>[一二三四五六七八九]?)")
_MIDNIGHT = re.compile(r"[T ]00:00(?::00)?$")
_TEXT_CHARS_MAX = 64


def calendar_of(text: str) -> tuple[str, str]:
    """The calendar a written birthday names, and the rest; ``""`` where it names none.

    Of two names the last counts: a cell knows better than the column beside it.

    >>> calendar_of("农历 1990-08-15"), calendar_of("1990年腊月廿三"), calendar_of("1990-08-15")
    (('lunar', '1990-08-15'), ('lunar', '1990年腊月廿三'), ('', '1990-08-15'))
    """
    written = unicodedata.normalize("NFKC", text[: _TEXT_CHARS_MAX + 1]).strip()
    named = [found.lastgroup or "" for found in _CALENDAR.finditer(written)]
    if not named:
        return (LUNAR if _LUNAR_ONLY.search(written) else ""), text
    rest = _CALENDAR.sub("", written).replace("()", "").strip(" :,-/")
    return (LUNAR if _LUNAR_ONLY.search(rest) else named[-1]), rest


def read_lunar_day(text: str) -> LunarDay:
    """The lunar day a text writes, with or without 农历, or in the form stored.

    Raises ``RefusedInputError`` with the code ``LUNAR_DAY``; the message says what is wrong.

    >>> str(read_lunar_day("农历八月十五")), str(read_lunar_day("1990年闰五月初三"))
    ('08-15', '1990-05L-03')
    """
    written = _MIDNIGHT.sub("", calendar_of(text)[1])
    written = re.sub(r"\s", "", unicodedata.normalize("NFKC", written)).upper()
    found = None
    if len(written) <= _TEXT_CHARS_MAX:
        found = _DAY.fullmatch(written) or _COMPACT.fullmatch(written)
    if found is None:
        raise _unreadable()
    part = found.groupdict()
    return LunarDay(
        month=_month(part["month"]),
        day=_number(part["day"]),
        is_leap=any(part.get(name) for name in ("leap", "leap2", "leap3")),
        year=_year(part["year"]) if part["year"] else None,
    )


def _month(text: str) -> int:
    if text in MONTHS_ZH:
        return MONTHS_ZH.index(text) + 1
    return 1 if text == "元" else _number(text)


def _year(text: str) -> int:
    digits = text.translate(str.maketrans("〇零○一二三四五六七八九", "000123456789"))
    return int(digits)


def _number(text: str) -> int:
    """A number up to 39 in digits or Chinese; 初 before it says nothing."""
    if text.isascii():
        return int(text)
    plain = text.removeprefix("初").replace("廿", "二十").replace("卅", "三十")
    found = _TENS.fullmatch(plain)
    if not plain or found is None or (found["tens"] and not found["ten"] and found["ones"]):
        raise _unreadable()
    if not found["ten"]:
        return _NUMBER.index(found["tens"] or found["ones"]) + 1
    tens = _NUMBER.index(found["tens"]) + 1 if found["tens"] else 1
    return 10 * tens + (_NUMBER.index(found["ones"]) + 1 if found["ones"] else 0)


def _unreadable() -> RefusedInputError:
    return RefusedInputError(
        "LUNAR_DAY", "this is no lunar day; write it as 农历八月十五, 08-15 or 1990-05L-03"
    )
