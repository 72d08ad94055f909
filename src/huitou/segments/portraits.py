"""What a set of members looks like: how many, what they spent, their stages and groups."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from huitou.brands.models import Brand
from huitou.insight.rules import divided, rounded
from huitou.segments import grounds
from huitou.segments.files import kept_by, members_sql
from huitou.segments.queries import latest_refreshes
from huitou.segments.statements import PEOPLE

SAMPLE_MAX = 10
# Odd and near 2**32 divided by the golden ratio: consecutive ids land far apart (Knuth).
_SCATTER = 2_654_435_761


@dataclass(frozen=True)
class Portrait:
    """``sales_minor`` is what the members spent in all, ``sales_share`` of what everybody did.

    ``stages`` and ``rfm_groups``: code → members; who has not bought is in none. ``sample`` is
    always the same for the same members.
    """

    members: int
    of_members: int
    sales_minor: int
    sales_share: float | None
    aov_minor: int | None
    stages: Mapping[str, int]
    rfm_groups: Mapping[str, int]
    sample: tuple[int, ...]


def portrait(connection: duckdb.DuckDBPyConnection, among: str) -> Portrait:
    """The members of the relation ``among``, in a session with people."""
    rows = connection.execute(
        f"""
        SELECT lifecycle_stage, rfm_group, count(*), coalesce(sum(monetary_minor), 0)::BIGINT,
               coalesce(sum(frequency), 0)::BIGINT
        FROM {PEOPLE} SEMI JOIN {among} USING (member_id) GROUP BY 1, 2
        """
    ).fetchall()
    everybody, all_sales = connection.execute(
        f"SELECT count(*), coalesce(sum(monetary_minor), 0)::BIGINT FROM {PEOPLE}"
    ).fetchall()[0]
    sample = connection.execute(
        f"SELECT member_id FROM {PEOPLE} SEMI JOIN {among} USING (member_id)"
        f" ORDER BY (member_id * {_SCATTER}) % 4294967296, member_id LIMIT {SAMPLE_MAX}"
    ).fetchall()
    stages, groups = Counter[str](), Counter[str]()
    for stage, group, members, _sales, _orders in rows:
        if stage:
            stages[stage] += members
        if group:
            groups[group] += members
    sales = sum(row[3] for row in rows)
    return Portrait(
        members=sum(row[2] for row in rows),
        of_members=everybody,
        sales_minor=sales,
        sales_share=divided(sales, all_sales),
        aov_minor=rounded(divided(sales, sum(row[4] for row in rows))),
        stages=dict(stages),
        rfm_groups=dict(groups),
        sample=tuple(row[0] for row in sample),
    )


def portrait_of(brand: Brand, segment_id: int) -> Portrait | None:
    """The members a segment has by its latest refresh, on the figures in force; None before it.

    Raises ``RefusedInputError``: ``NO_FIGURES``.
    """
    refresh = latest_refreshes([segment_id]).get(segment_id)
    if refresh is None:
        return None
    members = members_sql(brand.pk, segment_id, kept_by(refresh))
    with grounds.opened(brand) as ground:
        ground.connection.execute(f"CREATE TEMP TABLE standing AS {members}")
        return portrait(ground.connection, "standing")
