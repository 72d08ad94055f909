"""The one form and the keyed digest of an address, by which it is known without being kept."""

from __future__ import annotations

import re
import unicodedata

from huitou.members.models import AddressKind
from huitou.vault.hashing import blind_index

_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[^@\s]+\Z")
_PHONE = re.compile(r"\+[1-9]\d{6,14}\Z", re.ASCII)
_CN_MOBILE = re.compile(r"(?:86)?(1[3-9]\d{9})\Z", re.ASCII)


def address_form(kind: str, address: str) -> str | None:
    """The one way an address is written; None when it cannot be written to, such as masked ones.

    Every spelling of an address has the same form: a Chinese mobile number with or without its
    country, an e-mail address in any case.

    >>> address_form("phone", "138-0013 8001"), address_form("phone", "0086 13800138001")
    ('+8613800138001', '+8613800138001')
    >>> address_form("email", " Mira@Example.com"), address_form("phone", "138****8001")
    ('mira@example.com', None)
    """
    typed = unicodedata.normalize("NFKC", address).strip()
    if kind == AddressKind.EMAIL:
        return typed.lower() if _EMAIL.match(typed) and "*" not in typed else None
    digits = re.sub(r"[\s\-().]", "", typed)
    if digits.startswith("00"):
        digits = "+" + digits[2:]
    mobile = _CN_MOBILE.match(digits.removeprefix("+"))
    if mobile and (not digits.startswith("+") or digits.startswith("+86")):
        return "+86" + mobile[1]
    return digits if _PHONE.match(digits) else None


def address_digest(brand_id: int, kind: str, form: str) -> bytes:
    """The keyed digest (32 bytes) of an address in its one form, different for every brand."""
    digest = blind_index(form, kind=kind, brand_id=brand_id)
    assert digest is not None, "a form is never masked"
    return digest
