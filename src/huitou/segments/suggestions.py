"""Values a rule may ask for, found in what happened: for a form to offer."""

from __future__ import annotations

from functools import lru_cache

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.lake.happenings import PRODUCTS, happenings
from huitou.segments import grounds

# Lists a process keeps; a brand asks for a dozen fields.
_KEPT = 256


def field_values(brand: Brand, happening: str, field: str, limit: int) -> tuple[str, ...]:
    """The commonest ``limit`` values of a text field; nothing before there are figures.

    Values of the catalogue come from it, by how many products have them.
    """
    try:
        figures = grounds.snapshot_of(brand.pk).folder
    except RefusedInputError:
        return ()
    return _found(brand.pk, figures, happening, field, limit)


@lru_cache(maxsize=_KEPT)
def _found(brand_id: int, figures: str, happening: str, field: str, limit: int) -> tuple[str, ...]:
    asked = happenings()[happening]
    named = asked.named(field)
    if named is None or named.kind != "text":
        return ()
    parts = asked.detail.fields if asked.detail else ()
    table = asked.detail.table if asked.detail and named in parts else asked.table
    if named.of_product:
        table = PRODUCTS
    with grounds.opened(Brand.objects.get(pk=brand_id)) as ground:
        rows = ground.connection.execute(
            f"SELECT {named.column}, count(*) FROM {table}"
            f" WHERE {named.column} <> '' GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {int(limit)}"
        ).fetchall()
    return tuple(row[0] for row in rows)
