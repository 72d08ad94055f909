"""Identifiers as members are found by: in the same form as files bring them, never masked ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from huitou.api.messages import Identifier

_MASKED = re.compile(r"\*|##.*##|\$\$.*\$\$|~.*~", re.DOTALL)
_INVISIBLE = re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufeff]")
_MAINLAND = re.compile(r"(?:\+?86|0086)?(1[3-9]\d{9})", re.ASCII)
_ABROAD = re.compile(r"(?:\+|00)([1-9]\d{7,14})", re.ASCII)
_EMAIL = re.compile(r"[^\s@<>,;\"']{1,64}@[^\s@<>,;\"'.]+(?:\.[^\s@<>,;\"'.]+)+")
# Typed when a form insists; nobody's number.
_PLACEHOLDERS = frozenset({"13800138000", "13800000000", "13888888888", "13900000000"})
# Kinds that people type in any case; the platforms' own ids may differ by case alone.
_FOLDED = frozenset({"buyer_nick", "account", "payment_account", "email"})
# Kinds of which even plain letters and digits are not a key as they are.
_REWRITTEN = _FOLDED | {"phone"}
SLOTS = 3


def key_value(kind: str, value: str) -> str | None:
    """``value`` as an identity key of ``kind``, or None when it identifies nobody.

    >>> key_value("phone", "138 0000-1234"), key_value("phone", "138****1234")
    ('+8613800001234', None)
    >>> key_value("email", " Lin@Example.COM "), key_value("buyer_id", "AbC")
    ('lin@example.com', 'AbC')
    """
    if value.isascii() and value.isalnum() and kind not in _REWRITTEN:
        return value
    if _MASKED.search(value):
        return None
    text = _INVISIBLE.sub("", unicodedata.normalize("NFKC", value)).strip()
    if kind in _FOLDED:
        text = unicodedata.normalize("NFKC", text.casefold())
    if kind == "phone":
        return _phone_key(re.sub(r"[\s().-]", "", text))
    if kind == "email" and not _EMAIL.fullmatch(text):
        return None
    return text or None


def _phone_key(digits: str) -> str | None:
    if mainland := _MAINLAND.fullmatch(digits):
        number = mainland[1]
        is_nobody = number in _PLACEHOLDERS or len(set(number[3:])) == 1
        return None if is_nobody else f"+86{number}"
    if abroad := _ABROAD.fullmatch(digits):
        return f"+{abroad[1]}"
    return None


def keys_of(wanted: Iterable[Identifier]) -> list[tuple[str, str]]:
    """The distinct keys among ``wanted``, best first, at most ``SLOTS``."""
    keys: dict[tuple[str, str], None] = {}
    for identifier in wanted:
        value = key_value(identifier.kind, identifier.value)
        if value is not None:
            keys[identifier.kind, value] = None
    return list(keys)[:SLOTS]
