"""Money as integers of the currency's minor unit (fen, cent), never floats."""

from __future__ import annotations

from decimal import Decimal

# Minor-unit digits of ISO 4217 currencies that differ from two.
_DIGITS = {
    "JPY": 0,
    "KRW": 0,
    "VND": 0,
    "CLP": 0,
    "BHD": 3,
    "KWD": 3,
    "OMR": 3,
    "TND": 3,
}

# Symbols shown on pages; a currency without one shows its code.
SYMBOLS = {
    "CNY": "¥",
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "HKD": "HK$",
    "TWD": "NT$",
}


def minor_digits(currency: str) -> int:
    """Digits after the point in ``currency`` (ISO 4217 code).

    >>> minor_digits("CNY"), minor_digits("JPY")
    (2, 0)
    """
    return _DIGITS.get(currency, 2)


def to_minor(amount: Decimal, currency: str = "CNY") -> int:
    """``amount`` in minor units, exactly.

    Raises ``ValueError`` when the amount has more decimals than the currency.

    >>> to_minor(Decimal("19.99"))
    1999
    >>> to_minor(Decimal("0.005"))
    Traceback (most recent call last):
        ...
    ValueError: 0.005 has more than 2 decimals
    """
    scaled = amount.scaleb(minor_digits(currency))
    whole = int(scaled)
    if scaled != whole:
        raise ValueError(f"{amount} has more than {minor_digits(currency)} decimals")
    return whole


def from_minor(minor: int, currency: str = "CNY") -> Decimal:
    """The decimal amount of ``minor`` units.

    >>> from_minor(1999)
    Decimal('19.99')
    """
    return Decimal(minor).scaleb(-minor_digits(currency))
