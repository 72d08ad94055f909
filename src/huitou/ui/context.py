"""What every page's template can use."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest
from django.utils.translation import get_language

from huitou.kernel.money import SYMBOLS, minor_digits
from huitou.ui import navigation
from huitou.ui.numbers import compact_units

THEMES = ("light", "dark")
THEME_COOKIE = "theme"
TREND_COLOURS = ("red", "green")
TREND_COLOUR_COOKIE = "rise"
# Where no brand says another.
CURRENCY = "CNY"


def page(request: HttpRequest) -> dict[str, Any]:
    """Context processor: brand, shop, currency, theme, side bar and the number words for scripts.

    ``rise_colour`` is the colour of a rise: red as in mainland back offices, or green.
    """
    scope = getattr(request, "scope", None)
    brand = scope.brand if scope else None
    currency = brand.currency if brand else CURRENCY
    match = request.resolver_match
    language = get_language() or "zh-hans"
    return {
        "scope": scope,
        "brand": brand,
        "shop": scope.shop if scope else None,
        "currency": currency,
        "data_note": _data_note(brand, language),
        **appearance(request),
        "side_bar": lambda: navigation.side_bar(match.view_name if match else None, request.scope),
        "members_url": navigation.page_url("members"),
        "number_words": number_words(currency),
    }


def appearance(request: HttpRequest) -> dict[str, str]:
    """Theme, colour of a rise and language, which need neither session nor database."""
    language = get_language() or "zh-hans"
    return {
        "theme": _choice(request.COOKIES.get(THEME_COOKIE), THEMES),
        "rise_colour": _choice(request.COOKIES.get(TREND_COLOUR_COOKIE), TREND_COLOURS),
        "html_lang": "en" if language.startswith("en") else "zh-Hans",
    }


def number_words(currency: str) -> str:
    """What the scripts need to write amounts of ``currency``, as JSON."""
    return json.dumps(
        {
            "symbol": SYMBOLS.get(currency, f"{currency} "),
            "digits": minor_digits(currency),
            "units": [list(unit) for unit in compact_units()],
        },
        ensure_ascii=False,
    )


def _choice(value: str | None, allowed: tuple[str, ...]) -> str:
    return value if value in allowed else allowed[0]


def _data_note(brand: Any, language: str) -> str:
    if brand is None:
        return ""
    return brand.data_note_en if language.startswith("en") else brand.data_note_zh
