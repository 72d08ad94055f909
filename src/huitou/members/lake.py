"""What members contribute to the lake: persons and their accounts, without contact values."""

from __future__ import annotations

import pyarrow as pa

from huitou.lake.registry import LakeTable, register
from huitou.members.birthdays import PROFILES_CHANGED
from huitou.members.contacts import clear_values

_IDENTITY_KINDS = ("members.members_merged", "members.members_parted")

# Persons only. Where the oldest account does not say where it lives, another may.
MEMBER_DIM = LakeTable(
    name="member_dim",
    schema=pa.schema(
        [
            ("member_id", pa.int64()),
            ("public_id", pa.string()),
            ("province", pa.string()),
            ("city", pa.string()),
            ("first_shop_id", pa.int32()),
            ("first_shop", pa.string()),
            ("first_channel", pa.string()),
            # Without the year: enough to congratulate, too little to tell who somebody is.
            ("birth_month", pa.int16()),
            ("birth_day", pa.int16()),
            ("lunar_birthday", pa.string()),  # month and day as ``LunarDay.of_any_year``
            ("created_date", pa.date32()),
        ]
    ),
    # Orders bring members too, so their news counts as news of members.
    kinds=frozenset(
        {
            "members.members_recorded",
            PROFILES_CHANGED,
            "members.members_removed",
            "privacy.member_erased",
            *_IDENTITY_KINDS,
            "commerce.orders_recorded",
            "commerce.orders_removed",
        }
    ),
    partitioned=False,
    sql="""
        SELECT m.id, m.public_id, coalesce(nullif(m.province, ''), a.province, ''),
               CASE WHEN m.province = '' AND m.city = '' THEN coalesce(a.city, '') ELSE m.city END,
               m.first_shop_id, coalesce(s.slug, ''), coalesce(s.platform, ''),
               extract(month FROM said.birthday), extract(day FROM said.birthday),
               regexp_replace(said.lunar_birthday, '^[0-9]{4}-', ''),
               (m.created_at AT TIME ZONE b.time_zone)::date
        FROM members_member m
        JOIN brands_brand b ON b.id = m.brand_id
        LEFT JOIN brands_shop s ON s.id = m.first_shop_id
        LEFT JOIN (
          SELECT merged_into_id,
                 (array_agg(province ORDER BY id) FILTER (WHERE province <> ''))[1] AS province,
                 (array_agg(city ORDER BY id) FILTER (WHERE province <> ''))[1] AS city,
                 (array_agg(birthday ORDER BY id) FILTER (WHERE says_birthday))[1] AS birthday,
                 (array_agg(lunar_birthday ORDER BY id) FILTER (WHERE says_birthday))[1]
                   AS lunar_birthday
          FROM (SELECT *, birthday IS NOT NULL OR lunar_birthday IS NOT NULL AS says_birthday
                FROM members_member
                WHERE brand_id = %(brand_id)s AND merged_into_id IS NOT NULL) account
          WHERE province <> '' OR says_birthday
          GROUP BY merged_into_id) a ON a.merged_into_id = m.id
        -- As ``birthdays.birthday_said``: both columns of the first account that says either.
        CROSS JOIN LATERAL (
          SELECT m.birthday, m.lunar_birthday
          WHERE m.birthday IS NOT NULL OR m.lunar_birthday IS NOT NULL
          UNION ALL
          SELECT a.birthday, a.lunar_birthday
          WHERE m.birthday IS NULL AND m.lunar_birthday IS NULL) said
        WHERE m.brand_id = %(brand_id)s AND m.merged_into_id IS NULL
        ORDER BY m.id
    """,
)

# The accounts that are not their person's own row: facts name accounts, figures are of persons.
MEMBER_ALIAS = LakeTable(
    name="member_alias",
    schema=pa.schema([("account_id", pa.int64()), ("member_id", pa.int64())]),
    kinds=frozenset(_IDENTITY_KINDS) | {"members.members_removed"},
    partitioned=False,
    sql="""
        SELECT id, merged_into_id FROM members_member
        WHERE brand_id = %(brand_id)s AND merged_into_id IS NOT NULL
        ORDER BY id
    """,
)

# Identifiers hold phones and e-mails, so they never enter the lake; an export reads them with this
# straight from PostgreSQL and opens them with ``clear_identities``. Columns as in
# ``IDENTITY_SCHEMA``, ordered by member.
IDENTITY_SCHEMA = pa.schema(
    [
        ("member_id", pa.int64()),
        ("platform", pa.string()),
        ("kind", pa.string()),
        ("value", pa.string()),
        ("sealed", pa.string()),
    ]
)
IDENTITY_SQL = """
    SELECT coalesce(m.merged_into_id, m.id) AS member_id, i.platform, i.kind, i.value, i.sealed
    FROM members_identity i JOIN members_member m ON m.id = i.member_id
    WHERE i.brand_id = %(brand_id)s AND i.kind <> 'named_phone'
    ORDER BY 1, i.platform, i.kind, i.value
"""


def clear_identities(batch: pa.RecordBatch) -> pa.Table:
    """A batch of ``IDENTITY_SQL`` as member_id, platform, kind and the value in clear."""
    rows = zip(batch["value"].to_pylist(), batch["sealed"].to_pylist(), strict=True)
    table = pa.table(batch).drop_columns(["value", "sealed"])
    return table.append_column("value", pa.array(clear_values(rows), pa.string()))


def register_tables() -> None:
    """Declare the members' tables to the lake."""
    register(MEMBER_DIM)
    register(MEMBER_ALIAS)
