"""Keyed hashes of addresses and identifiers: equal ones meet, nobody can guess them back.

A plain hash of a phone number is reversible in hours; this one needs the index key. Each brand
hashes for itself, so that brands cannot compare their people.
"""

from __future__ import annotations

import re
import unicodedata
from binascii import b2a_base64
from collections.abc import Callable, Iterable, Sequence
from typing import cast

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from huitou.vault.keyring import keyring

_INVISIBLE = re.compile(r"[\s\u200b-\u200f\ufeff]")
_PHONE_NOISE = re.compile(r"[^\d+]")
_CN_MOBILE = re.compile(r"1[3-9]\d{9}")
_MASKS = ("*", "＊", "•", "×")
_CN_KEY_CHARS = len("+8613800138001")
PHONE, EMAIL = "phone", "email"
# Typed in any case by people; the platforms' own ids may differ by case alone.
_FOLDED_KINDS = frozenset({EMAIL, "buyer_nick", "account", "payment_account"})
# Means the same on every platform; any other identifier only on its own.
_GLOBAL_KINDS = frozenset({PHONE, EMAIL, "payment_account", "unionid", "card_number"})
# A phone seen together with a name is a phone.
_SAME_AS = {"named_phone": PHONE}
TOKEN_PREFIX = "erased:"  # noqa: S105 -- of what stands in place of an identifier
PSEUDONYM_PREFIX = "#"
# 144 bits, 24 letters: two contacts of a brand never share them.
_PSEUDONYM_BYTES = 18
PHONE_KEY_BYTES = 8


def blind_index(value: str, *, kind: str, brand_id: int) -> bytes | None:
    """The 32 byte hash of one value; None where ``normalised`` finds nothing to hash."""
    return blind_indexes([(kind, value)], brand_id=brand_id)[0]


def blind_indexes(pairs: Iterable[tuple[str, str | None]], *, brand_id: int) -> list[bytes | None]:
    """The hashes of ``(kind, value)`` pairs, in order; ``value`` is normalised first."""
    started: dict[str, Callable[[], HMAC]] = {}
    found: list[bytes | None] = []
    for kind, value in pairs:
        plain = normalised(kind, value) if value else ""
        if not plain:
            found.append(None)
            continue
        begin = started.get(kind)
        if begin is None:
            begin = started[kind] = _started(brand_id, kind).copy
        mac = begin()
        mac.update(plain.encode())
        found.append(mac.finalize())
    return found


def keyed_digests(texts: Iterable[str], *, purpose: str, brand_id: int) -> list[bytes]:
    """The 32 byte hashes of ``texts`` exactly as they are, under the same key, for one purpose."""
    begin = _started(brand_id, purpose).copy
    found = []
    for text in texts:
        mac = begin()
        mac.update(text.encode())
        found.append(mac.finalize())
    return found


def _started(brand_id: int, purpose: str) -> HMAC:
    """The part that is the same for all; going on from its copy takes a third of a whole HMAC."""
    mac = HMAC(keyring().index_key, SHA256())
    mac.update(f"{brand_id}\x1f{purpose}\x1f".encode())
    return mac


def pseudonyms(kind: str, values: Sequence[str], *, brand_id: int) -> list[str]:
    """What stands for each contact in columns that are joined and grouped by: equal for equal ones.

    A token stays what it is. What ``normalised`` finds nothing in stands for itself alone.
    """
    kind = _SAME_AS.get(kind, kind)
    digests = _hashed(kind, values, brand_id=brand_id)
    return [
        value
        if value.startswith(TOKEN_PREFIX)
        else PSEUDONYM_PREFIX + b2a_base64(digest[:_PSEUDONYM_BYTES], newline=False).decode()
        for value, digest in zip(values, digests, strict=True)
    ]


def pseudonym_of_digests_sql(column: str) -> str:
    """SQL of the pseudonym that stands for the value a column of blind indexes is the hash of."""
    return f"'{PSEUDONYM_PREFIX}' || encode(substring({column} for {_PSEUDONYM_BYTES}), 'base64')"


def _hashed(kind: str, values: Sequence[str], *, brand_id: int) -> list[bytes]:
    """The blind index of each value, or where it has none the hash of exactly this value."""
    digests = blind_indexes([(kind, value) for value in values], brand_id=brand_id)
    if None not in digests:
        return cast("list[bytes]", digests)
    lost = [value for value, digest in zip(values, digests, strict=True) if digest is None]
    exactly = iter(keyed_digests(lost, purpose=f"exactly:{kind}", brand_id=brand_id))
    return [next(exactly) if digest is None else digest for digest in digests]


def phone_keys(phones: Sequence[str], *, brand_id: int) -> list[bytes | None]:
    """Eight bytes that tell phones apart without telling them; None for ''.

    A masked phone has the key of what it shows, which no whole one has.
    """
    digests = _hashed(PHONE, phones, brand_id=brand_id)
    return [
        digest[:PHONE_KEY_BYTES] if phone else None
        for phone, digest in zip(phones, digests, strict=True)
    ]


def normalised(kind: str, value: str) -> str:
    """The one form of a value that all its spellings share; '' when it is masked or nothing.

    >>> normalised("phone", "０138-0013 8001"), normalised("phone", "+86 138 0013 8001")
    ('+8613800138001', '+8613800138001')
    >>> normalised("phone", "138****8001"), normalised("email", " Lin.Xi@Example.com")
    ('', 'lin.xi@example.com')
    """
    if value.isascii():
        # Most values: no need to look for more than one sign, or to fold twice.
        if kind == PHONE and len(value) == _CN_KEY_CHARS and value[:4] == "+861":
            if value[1:].isdigit():
                return value
        text, masked = value, "*" in value
    else:
        text = unicodedata.normalize("NFKC", value)
        masked = any(mask in text for mask in _MASKS)
    if masked:
        return ""
    if kind == PHONE:
        return _phone(text)
    if " " in text or not (text.isascii() and text.isprintable()):
        text = _INVISIBLE.sub("", text)
    if kind.rpartition(":")[2] not in _FOLDED_KINDS:
        return text
    return text.lower() if text.isascii() else _folded(text)


def _folded(text: str) -> str:
    """Unicode's NFKC_Casefold without what shows nothing (UAX #31, section 5): stable."""
    once = unicodedata.normalize("NFKC", unicodedata.normalize("NFD", text).casefold())
    return unicodedata.normalize("NFKC", _INVISIBLE.sub("", once.casefold()))


def _phone(text: str) -> str:
    digits = _PHONE_NOISE.sub("", text)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    bare = digits.lstrip("+").lstrip("0")
    if not digits.startswith("+"):
        if _CN_MOBILE.fullmatch(bare):
            return "+86" + bare
        if bare.startswith("86") and _CN_MOBILE.fullmatch(bare[2:]):
            return "+" + bare
    return digits if digits.startswith("+") else bare


def identifier_kind(platform: str, kind: str) -> str:
    """The kind an identifier is hashed as.

    >>> identifier_kind("jd", "buyer_nick"), identifier_kind("jd", "phone")
    ('jd:buyer_nick', 'phone')
    """
    kind = _SAME_AS.get(kind, kind)
    return kind if kind in _GLOBAL_KINDS else f"{platform}:{kind}"


def token(digest: bytes) -> str:
    """What stands in place of an erased identifier; the same for the same value.

    >>> token(bytes(32))
    'erased:00000000000000000000000000000000'
    """
    return TOKEN_PREFIX + digest[:16].hex()
