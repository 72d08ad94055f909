"""What the goods bought say of the buyer: price band, family, gender, age."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_

import ibis

from huitou.insight import definitions
from huitou.insight.expressions.common import (
    TALLIES_MAX,
    Column,
    Counts,
    Relation,
    confidence_of_most,
    most,
    most_of,
    of_members,
    packed,
    ratio,
    rounded,
    tally,
    until,
)
from huitou.insight.keywords import AGE_BANDS, FAMILY_ROLES, GENDERS, Hint

_HINTS: tuple[Hint, ...] = (*FAMILY_ROLES, *GENDERS, *AGE_BANDS)
_COLUMNS = -(-len(_HINTS) // TALLIES_MAX)
_TERCILES = (1 / 3, 2 / 3)


def product_prices(lines: Relation, products: Relation, as_of: Column) -> Relation:
    """One row per product sold: its category and its average price paid per piece."""
    bought = until(lines, as_of)
    priced = bought.filter(bought.paid_minor.notnull(), bought.quantity > 0)
    sums = priced.group_by("product_id").aggregate(
        paid=priced.paid_minor.sum(), pieces=priced.quantity.sum()
    )
    prices = sums.select("product_id", price=rounded(ratio(sums.paid, sums.pieces)))
    return prices.join(products.select("product_id", "category"), "product_id").select(
        "product_id", "category", "price"
    )


def _terciles(prices: Relation) -> dict[str, Column]:
    """Whole prices interpolated at thirds: two decimals are free of float dust."""
    number = prices.price.cast("float64")
    return {
        name: number.quantile(tercile).round(2)
        for name, tercile in zip(("low", "high"), _TERCILES, strict=True)
    }


def product_marks(products: Relation, prices: Relation) -> Relation:
    """One row per product: ``band`` (0 to 2, null unsold) and its hints, packed.

    Prices are set beside those of the category, or of all products where it has few.
    """
    in_category = prices.filter(prices.category != "")
    enough = in_category.group_by("category").aggregate(
        products=in_category.count(), **_terciles(in_category)
    )
    enough = enough.filter(enough.products >= definitions.PRICE_PRODUCTS_MIN)
    lines = enough.select("category", "low", "high")
    every = prices.aggregate(**{f"every_{n}": c for n, c in _terciles(prices).items()})
    known = prices.left_join(lines, "category").drop("category_right").cross_join(every)
    low = ibis.coalesce(known.low, known.every_low)
    high = ibis.coalesce(known.high, known.every_high)
    band = 1 - (known.price < low).cast("int64") + (known.price > high).cast("int64")
    banded = known.select("product_id", band=band)
    hints = _hints(products)
    marks = hints.left_join(banded, "product_id").drop("product_id_right")
    return marks.mutate(priced=marks.band.notnull().cast("int64"))


def _hints(products: Relation) -> Relation:
    text = (products.category + " " + products.title).lower()
    for sign in ("/", ",", "(", ")", "&", "'s"):
        text = text.replace(sign, " ")
    padded = ibis.literal(" ") + text + " "
    said = [reduce(or_, [padded.contains(word) for word in hint.words]) for hint in _HINTS]
    columns = {
        f"hints_{n}": packed(*said[n * TALLIES_MAX : (n + 1) * TALLIES_MAX])
        for n in range(_COLUMNS)
    }
    return products.select("product_id", **columns)


def line_marks(lines: Relation, marks: Relation, as_of: Column) -> Relation:
    """One row per member: bands and hints of the lines bought, added up."""
    bought = of_members(lines, as_of).select("member_id", "product_id")
    known = bought.join(marks, "product_id")
    hints = {f"hints_{n}": known[f"hints_{n}"].sum() for n in range(_COLUMNS)}
    return known.group_by("member_id").aggregate(
        bands=known.band.sum().fill_null(0), priced=known.priced.sum(), **hints
    )


def price_band(known: Relation, as_of: Column) -> Column:
    """The band of the average line: thirds of the way from all low (0) to all high (2)."""
    del as_of
    return ibis.cases(
        ((known.priced > 0) & (known.bands * 3 < known.priced * 2), "low"),
        ((known.priced > 0) & (known.bands * 3 >= known.priced * 4), "high"),
        (known.priced > 0, "mid"),
        else_=ibis.null("string"),
    )


def _counts(hints: Sequence[Hint]) -> Counts:
    """How many lines hint at each."""
    places = {hint.label.code: divmod(_HINTS.index(hint), TALLIES_MAX) for hint in hints}
    return lambda known: {
        code: tally(known[f"hints_{column}"].fill_null(0), place)
        for code, (column, place) in places.items()
    }


_roles, _genders, _ages = _counts(FAMILY_ROLES), _counts(GENDERS), _counts(AGE_BANDS)
age_band = most_of(_ages)
age_band_confidence = confidence_of_most(_ages)
likely_gender_confidence = confidence_of_most(_genders)
family_role = most_of(_roles)


def likely_gender(known: Relation, as_of: Column) -> Column:
    """The gender whose goods were bought more; null when they are even."""
    del as_of
    code, largest, total = most(_genders(known))
    return ibis.ifelse(largest * 2 > total, code, ibis.null("string"))


def family_role_confidence(known: Relation, as_of: Column) -> Column:
    """Grows with every line: one may be a present, the third hardly."""
    del as_of
    _, largest, total = most(_roles(known))
    return ibis.ifelse(total > 0, ratio(largest, largest + 2), ibis.null("float64"))
