"""What to offer a member next, and why: due again, bought by others alike, or simply popular.

Products come in this order, a product once:

1. **due**: what the member bought last of a category that is due by the as-of date, the longest
   due first; no more than ``DUE_MAX``, so that something new remains.
2. **together**: what others who bought the same bought too in the last year, by the highest
   confidence of any product the member has; above chance (lift over 1) and shared by
   ``TOGETHER_MEMBERS_MIN`` members.
3. **popular**: what most members bought in the last year, first of the category the member bought
   on most days.

Of the last two nothing the member ever bought.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from huitou.insight import association, kept, plan, snapshots
from huitou.insight.association import Item, Pairing
from huitou.insight.snapshots import Snapshot
from huitou.insight.types import Scope
from huitou.kernel.errors import RefusedInputError
from huitou.lake.engine import quoted

DUE_MAX = 2
TOGETHER_MEMBERS_MIN = 5
ITEMS_MAX = 20
# A message to more is sent in parts.
MEMBERS_MAX = 10_000
PAIRING = Pairing(by="product", basket="member")


@dataclass(frozen=True)
class Recommendation:
    """A product for a member.

    ``reason``: ``due`` (``since`` is the day it was due), ``together`` (``share`` of those who
    bought ``because`` bought it too) or ``popular`` (``share`` of the last
    year's buyers did).
    """

    item: Item
    reason: str
    because: Item | None = None
    share: float | None = None
    since: date | None = None


def recommendations(
    scope: Scope, member_ids: Sequence[int], *, limit: int = 5
) -> dict[int, list[Recommendation]]:
    """The ``limit`` best for each member of the snapshot in force; the best first.

    Members without a purchase get what is popular. Empty when the scope was never refreshed.
    Raises ``RefusedInputError`` for more than ``MEMBERS_MAX`` members or ``ITEMS_MAX`` products.
    """
    if len(member_ids) > MEMBERS_MAX or not 0 < limit <= ITEMS_MAX:
        raise RefusedInputError(
            "LIMIT", f"at most {MEMBERS_MAX} members, and 1 to {ITEMS_MAX} products for each"
        )
    snapshot = snapshots.current(scope)
    if snapshot is None or not member_ids:
        return {}
    found: dict[int, list[Recommendation]] = {int(member): [] for member in member_ids}
    for member, *row in _rows(snapshot, sorted(found), limit):
        reason, share, since, *items = row
        because = Item(*items[4:]) if items[5] is not None else None
        found[member].append(Recommendation(Item(*items[:4]), reason, because, share, since))
    return found


def _rows(snapshot: Snapshot, members: list[int], limit: int) -> list[tuple[Any, ...]]:
    files = association.files_of(snapshot, PAIRING)
    buyers = association.facts_of(files[0])["baskets"]
    items, pairs = (f"read_parquet({quoted(str(path))})" for path in files)
    categories = f"read_parquet({quoted(snapshot.categories_path)})"
    with kept.session_of(snapshot) as session:
        connection = session.connection
        connection.execute("CREATE TEMP TABLE wanted (member_id BIGINT)")
        connection.execute("INSERT INTO wanted SELECT unnest($members)", {"members": members})
        connection.execute(
            f"""
            CREATE TEMP TABLE owned AS
            SELECT member_id, product_id, max(biz_date) AS last_day, max(line_id) AS last_line
            FROM {plan.PURCHASE_LINES}
            WHERE member_id IN (SELECT member_id FROM wanted) AND product_id IS NOT NULL
              AND biz_date <= $as_of
            GROUP BY member_id, product_id
            """,
            {"as_of": snapshot.as_of},
        )
        parameters = {
            "as_of": snapshot.as_of,
            "due_max": DUE_MAX,
            "members_min": TOGETHER_MEMBERS_MIN,
            "limit": limit,
            "members": float(buyers),
        }
        sql = _RANKED.format(items=items, pairs=pairs, categories=categories)
        return connection.execute(sql, parameters).fetchall()


_RANKED = """
WITH items AS (SELECT * FROM {items}), pairs AS (SELECT * FROM {pairs}),
mine AS (SELECT * FROM {categories} WHERE member_id IN (SELECT member_id FROM wanted)),
due AS (
    SELECT m.member_id, o.product_id, m.next_date AS since
    FROM mine m JOIN product_dim p USING (category)
    JOIN owned o ON o.member_id = m.member_id AND o.product_id = p.product_id
    WHERE m.next_date <= $as_of
    QUALIFY row_number() OVER (PARTITION BY m.member_id, category
                               ORDER BY o.last_day DESC, o.last_line DESC) = 1
), due_first AS (
    SELECT *, row_number() OVER (PARTITION BY member_id ORDER BY since, product_id) AS place
    FROM due QUALIFY place <= $due_max
), directed AS (
    SELECT first AS a, later AS b, baskets FROM pairs WHERE baskets >= $members_min
    UNION ALL SELECT later, first, baskets FROM pairs WHERE baskets >= $members_min
), reached AS (
    SELECT o.member_id, ib.product_id, o.product_id AS because_id,
           d.baskets / ia.baskets AS share
    FROM owned o JOIN items ia USING (product_id) JOIN directed d ON d.a = ia.place
    JOIN items ib ON ib.place = d.b
    WHERE d.baskets * $members > ia.baskets * ib.baskets::DOUBLE
), new_ones AS (
    SELECT * FROM reached ANTI JOIN owned USING (member_id, product_id)
    QUALIFY row_number() OVER (PARTITION BY member_id, product_id
                               ORDER BY share DESC, because_id) = 1
), together AS (
    SELECT *, row_number() OVER (PARTITION BY member_id ORDER BY share DESC, product_id) AS place
    FROM new_ones QUALIFY place <= $limit
), main AS (
    SELECT member_id, category FROM mine
    QUALIFY row_number() OVER (PARTITION BY member_id
                               ORDER BY days DESC, last_day DESC, category) = 1
), popular AS (
    SELECT w.member_id, i.product_id, i.baskets / $members AS share,
           row_number() OVER (PARTITION BY w.member_id
               ORDER BY coalesce(i.category = m.category, false) DESC, i.baskets DESC, i.place
           ) AS place
    FROM wanted w LEFT JOIN main m USING (member_id), items i
    WHERE NOT EXISTS (FROM owned o
                      WHERE o.member_id = w.member_id AND o.product_id = i.product_id)
    QUALIFY place <= 2 * $limit
), offered AS (
    SELECT 1 AS rank, member_id, product_id, 'due' AS reason, NULL::DOUBLE AS share, since,
           NULL::BIGINT AS because_id, place FROM due_first
    UNION ALL
    SELECT 2, member_id, product_id, 'together', share, NULL, because_id, place FROM together
    UNION ALL
    SELECT 3, member_id, product_id, 'popular', share, NULL, NULL, place FROM popular
), once AS (
    SELECT * FROM offered
    QUALIFY row_number() OVER (PARTITION BY member_id, product_id ORDER BY rank) = 1
)
SELECT member_id, reason, share, since, p.product_id, p.code, p.title, p.category,
       b.product_id, b.code, b.title, b.category
FROM once o JOIN product_dim p USING (product_id)
LEFT JOIN product_dim b ON b.product_id = o.because_id
QUALIFY row_number() OVER (PARTITION BY member_id ORDER BY rank, place) <= $limit
ORDER BY member_id, rank, place
"""
