"""What a cell says about a person: phone, e-mail, gender and consent."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

import phonenumbers

from huitou.ingest.reading import limits
from huitou.ingest.reading.cells import (
    INVISIBLE,
    NULL_WORDS,
    SCIENTIFIC,
    Cell,
    is_masked,
    shown,
    typed_problem,
)

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
    value = INVISIBLE.sub("", unicodedata.normalize("NFKC", value)).strip()
    if is_masked(value):
        # Cipher text of a hidden number is nothing to show.
        hint = "" if value.startswith(("##", "$$", "~")) else value[: limits.PHONE_CHARS_MAX]
        return Cell(Phone(hint, None))
    if SCIENTIFIC.fullmatch(value):
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


_CONSENTS = {
    True: ("yes", "y", "true", "1", "subscribed", "是", "同意", "已同意", "已订阅"),
    False: (
        *("no", "n", "false", "0", "unsubscribed", "not_subscribed"),
        *("否", "不同意", "未同意", "未订阅", "已退订", "拒收"),
    ),
}
_CONSENT_WORDS = {word: answer for answer, words in _CONSENTS.items() for word in words}


def clean_consent(text: str) -> Cell:
    """Whether somebody agreed: True, False, or None where the cell says nothing readable.

    A word nobody knows is no consent and no refusal; it is counted, and the row stays.

    >>> clean_consent("Yes").value, clean_consent("否").value, clean_consent("").value
    (True, False, None)
    >>> clean_consent("perhaps")
    Cell(value=None, problem='', warning='CONSENT_NOT_UNDERSTOOD')
    """
    problem = typed_problem(text)
    if problem and problem not in ("BOOLEAN_VALUE", "EXCEL_DAMAGED_NUMBER"):
        return Cell(None, problem)
    word = shown(text).strip().removeprefix("'").strip().lower().removesuffix(".0")
    if word in NULL_WORDS:
        return Cell(None)
    answer = _CONSENT_WORDS.get(word)
    return Cell(answer, "", "" if answer is not None else "CONSENT_NOT_UNDERSTOOD")
