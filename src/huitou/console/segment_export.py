"""The members of a segment as a file: the table of the member list, contacts masked as there."""

from __future__ import annotations

from pathlib import Path

from huitou.brands.models import Brand, Shop
from huitou.console.exports import SHEET_ROWS_MAX, record_export, write_csv, write_workbook
from huitou.console.member_rows import ListRow, list_rows
from huitou.eventlog.audit import process_actor
from huitou.insight import queries as insight
from huitou.insight.types import MemberFilters, Scope
from huitou.kernel.errors import RefusedInputError
from huitou.segments.files import standing_members
from huitou.segments.queries import segment_by_slug


def export_segment(*, brand: Brand, slug: str, target: Path) -> int:
    """Write the members a segment has by its latest refresh; returns how many.

    It is put on record first. ``target`` ends in .csv or .xlsx.
    Raises ``RefusedInputError``: ``SEGMENT``, ``FORMAT``,
    ``ROWS`` for more than a sheet holds.
    """
    among = [standing_members(brand.pk, segment_by_slug(brand, slug).pk)]
    scope, shops = Scope(brand.pk), {shop.pk: shop for shop in Shop.objects.filter(brand=brand)}
    kind = target.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise RefusedInputError("FORMAT", f"{target.name}: the name ends in .csv or .xlsx.")
    total = insight.find_members(scope, MemberFilters(), limit=1, among=among).total
    if kind == ".xlsx" and total > SHEET_ROWS_MAX:
        raise RefusedInputError("ROWS", f"{total:,} members do not fit a sheet: write a .csv.")

    def batch(offset: int, limit: int) -> list[ListRow]:
        found = insight.find_members(
            scope, MemberFilters(), sort="member_id", offset=offset, limit=limit, among=among
        )
        return list_rows(brand, found.rows, shops)

    record_export(process_actor(), total, f"segment={slug}", brand_id=brand.pk)
    with target.open("wb") as file:
        (write_workbook if kind == ".xlsx" else write_csv)(file, batch, brand, total)
    return int(total)
