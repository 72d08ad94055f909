"""What members contribute to the lake: who they are by key, and where; no contact values."""

from __future__ import annotations

import pyarrow as pa

from huitou.lake.registry import LakeTable, register

MEMBER_DIM = LakeTable(
    name="member_dim",
    schema=pa.schema(
        [
            ("member_id", pa.int64()),
            ("public_id", pa.string()),
            ("province", pa.string()),
            ("city", pa.string()),
            ("first_shop_id", pa.int32()),
            ("created_date", pa.date32()),
        ]
    ),
    # Orders bring members too, so their news counts as news of members.
    kinds=frozenset(
        {
            "members.members_recorded",
            "members.members_removed",
            "commerce.orders_recorded",
            "commerce.orders_removed",
        }
    ),
    partitioned=False,
    sql="""
        SELECT m.id, m.public_id, m.province, m.city, m.first_shop_id,
               (m.created_at AT TIME ZONE b.time_zone)::date
        FROM members_member m
        JOIN brands_brand b ON b.id = m.brand_id
        WHERE m.brand_id = %(brand_id)s
        ORDER BY m.id
    """,
)

# Identifiers hold phones and e-mails, so they never enter the lake; an export reads them with this
# straight from PostgreSQL. Columns as in ``IDENTITY_SCHEMA``, ordered by member.
IDENTITY_SCHEMA = pa.schema(
    [
        ("member_id", pa.int64()),
        ("platform", pa.string()),
        ("kind", pa.string()),
        ("value", pa.string()),
    ]
)
IDENTITY_SQL = """
    SELECT member_id, platform, kind, value FROM members_identity
    WHERE brand_id = %(brand_id)s
    ORDER BY member_id, platform, kind, value
"""


def register_tables() -> None:
    """Declare the members' table to the lake."""
    register(MEMBER_DIM)
