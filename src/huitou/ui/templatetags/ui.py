"""Tags and filters every page may use without loading them.

Figures:  ``{% money minor %}`` ``{% money minor compact=True %}`` ``{% figure value kind %}``
          ``{{ n|number }}`` ``{{ ratio|percent }}`` ``{% delta value before kind label %}``
Pieces:   ``{% icon "name" %}`` ``{% sparkline values label %}`` ``{% badge "rfm" code %}``
          ``{% avatar name %}`` ``{% progress done total label %}``
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from huitou.kernel.money import SYMBOLS
from huitou.ui import labels, numbers

register = template.Library()

SPRITE = "dist/icons.svg"
# The drawing area of a sparkline; CSS stretches it to the tile.
SPARK_WIDTH, SPARK_HEIGHT, SPARK_PAD = 120, 32, 2


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """An icon of the sprite, hidden from screen readers: give its button or link a name."""
    return format_html(
        '<svg class="icon {}" width="20" height="20" aria-hidden="true" focusable="false">'
        '<use href="{}#{}"></use></svg>',
        css,
        static(SPRITE),
        name,
    )


def _parts(parts: numbers.NumberParts) -> SafeString:
    return format_html(
        '<span class="ec-num"><small>{}</small>{}<small>{}</small></span>',
        parts.prefix,
        parts.digits,
        parts.unit,
    )


@register.simple_tag(takes_context=True)
def money(
    context: dict[str, Any], minor: int | None, compact: bool = False, currency: str = ""
) -> str:
    """An amount as plain text, in the brand's currency unless told otherwise; a dash for None."""
    wanted = currency or context["currency"]
    return str(numbers.kind_parts(minor, "money", wanted, compact=compact))


@register.simple_tag(takes_context=True)
def figure(context: dict[str, Any], value: float | None, kind: numbers.Kind) -> SafeString:
    """A tile's figure: big digits, small sign and unit."""
    return _parts(numbers.kind_parts(value, kind, context["currency"], compact=True))


@register.simple_tag(takes_context=True)
def currency_symbol(context: dict[str, Any]) -> str:
    """The sign of the brand's currency, for the label of an amount field."""
    return SYMBOLS.get(context["currency"], context["currency"])


@register.filter
def number(value: int | None) -> str:
    """A count with thousands separators; a dash for None."""
    return numbers.DASH if value is None else str(numbers.count_parts(int(value)))


@register.filter
def decimal(value: float | None, digits: int = 1) -> str:
    """A plain number with ``digits`` decimals; a dash for None."""
    return numbers.DASH if value is None else str(numbers.decimal_parts(value, digits))


@register.filter
def unlocalized(value: float) -> str:
    """A number as scripts read it, for an attribute: 0.43, never 0,43."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


@register.filter
def percent(ratio: float | None) -> str:
    """A share of one as ``71.6%``; a dash for None."""
    return numbers.DASH if ratio is None else str(numbers.percent_parts(ratio))


@register.inclusion_tag("ui/delta.html")
def delta(value: float | None, before: float | None, kind: numbers.Kind, label: str) -> dict:
    """How ``value`` moved since ``before``, with arrow, number and a name such as 环比."""
    return {"change": numbers.change(value, before, kind), "label": label}


@register.inclusion_tag("ui/badge.html")
def badge(family: str, code: str) -> dict[str, Any]:
    """The label of a code (families: ``huitou.ui.labels.FAMILIES``) in its own colour."""
    return {"label": labels.label(family, code)}


@register.simple_tag
def code_label(family: str, code: str) -> str:
    """The bare word of a code."""
    return str(labels.label(family, code).text)


@register.inclusion_tag("ui/avatar.html")
def avatar(name: str, size: str = "") -> dict[str, str]:
    """A round first letter; ``size`` may be ``lg``."""
    return {"letter": (name.strip() or "?")[0].upper(), "size": size}


@register.inclusion_tag("ui/progress.html")
def progress(done: int, total: int | None, label: str) -> dict[str, Any]:
    """A progress bar; of unknown length when ``total`` is None or 0."""
    percent_done = min(100, done * 100 // total) if total else None
    return {"percent": percent_done, "label": label}


@register.inclusion_tag("ui/sparkline.html")
def sparkline(values: Sequence[float], label: str) -> dict[str, Any]:
    """A small line drawn on the server; nothing when there are fewer than two points."""
    points = spark_points(values)
    if not points:
        return {}
    line = " ".join(f"{x},{y}" for x, y in points)
    area = f"0,{SPARK_HEIGHT} {line} {SPARK_WIDTH},{SPARK_HEIGHT}"
    return {
        "line": line,
        "area": area,
        "view_box": f"0 0 {SPARK_WIDTH} {SPARK_HEIGHT}",
        "label": label or _("Trend"),
    }


def spark_points(values: Sequence[float]) -> list[tuple[float, float]]:
    """The line's points inside the drawing area; a flat line runs through the middle."""
    if len(values) < 2:
        return []
    low, high = min(values), max(values)
    span = (high - low) or 1
    step = SPARK_WIDTH / (len(values) - 1)
    room = SPARK_HEIGHT - 2 * SPARK_PAD
    middle = 0.5 if high == low else 0
    return [
        (
            round(i * step, 1),
            round(SPARK_PAD + room * (1 - (v - low) / span - middle), 1),
        )
        for i, v in enumerate(values)
    ]
