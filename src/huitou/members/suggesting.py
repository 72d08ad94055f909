"""Ask the suggestion pipeline who may be one person, and keep what it says for review."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from django.db import connection, transaction

from huitou.jobs import services as jobs
from huitou.kernel.columns import copy_in
from huitou.members.contacts import open_own
from huitou.members.models import DECIDED, Member
from huitou.members.unification import lock_identities

# The likeliest wait for an answer; nobody reads more, and an answer brings the next ones up.
_OPEN_MAX = 5_000


@dataclass(frozen=True)
class Looked:
    """How many accounts were compared, and how many pairs wait for an answer now."""

    accounts: int
    open: int


def suggest_members(brand_id: int) -> Looked:
    """Compare all accounts of a brand and replace its open suggestions.

    Answered ones stay answered: the two persons are never suggested to each other again.
    """
    from huitou.members.suggestions import suggest

    accounts, decided = _accounts(brand_id), _decided(brand_id)
    found = suggest(accounts, decided=decided).pairs.slice(0, _OPEN_MAX)
    with transaction.atomic(), connection.cursor() as cursor:
        lock_identities(cursor, brand_id)
        _replace(cursor, brand_id, found)
    return Looked(accounts.num_rows, found.num_rows)


def suggest_as_job(brand_id: int, *, job_id: int) -> Looked:
    """The same with the job telling how it ended; errors are raised again."""
    jobs.start_job(job_id, total=None, now=datetime.now(UTC))
    try:
        done = suggest_members(brand_id)
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        jobs.fail_job(job_id, now=datetime.now(UTC), message=message)
        raise
    jobs.finish_job(job_id, now=datetime.now(UTC), result_url="/members/review/")
    return done


def brands_with_accounts() -> list[int]:
    """The brands whose accounts may have to be compared."""
    return sorted(Member.objects.values_list("brand_id", flat=True).distinct())


def _accounts(brand_id: int) -> pa.Table:
    """What each account shows of its person, in the columns the pipeline reads."""
    from huitou.members.suggestions import SCHEMA

    with connection.cursor() as cursor:
        cursor.execute(
            """
            select m.id, coalesce(m.merged_into_id, m.id), coalesce(o.platform, ''),
              nullif(m.name, ''), m.phone, m.email,
              case when o.kind = 'buyer_nick' then o.value end, nullif(m.province, ''),
              nullif(m.city, ''), null::text, null::text, m.birthday
            from members_member m
            left join members_identity o on o.member_id = m.id and o.owns
            where m.brand_id = %s
            order by m.id
            """,
            [brand_id],
        )
        rows = cursor.fetchall()
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(SCHEMA)
    for name in ("phone", "email"):
        at = SCHEMA.get_field_index(name)
        columns[at] = [value or None for value in open_own(name, columns[at])]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, SCHEMA, strict=True)],
        schema=SCHEMA,
    )


def _decided(brand_id: int) -> pa.Table:
    """Pairs that people accepted or refused."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select a_id, b_id from members_identityedge where brand_id = %s and rule = any(%s)",
            [brand_id, list(DECIDED)],
        )
        rows = cursor.fetchall()
    return pa.table(
        {
            "a": pa.array([row[0] for row in rows], pa.int64()),
            "b": pa.array([row[1] for row in rows], pa.int64()),
        }
    )


def _replace(cursor: Any, brand_id: int, pairs: pa.Table) -> None:
    """Make ``pairs`` the open suggestions of the brand."""
    evidence = [json.dumps(codes) for codes in pairs["evidence"].to_pylist()]
    rows = pairs.select(["a", "b", "probability"]).append_column("evidence", pa.array(evidence))
    cursor.execute(
        "create temp table suggested (a bigint, b bigint, probability float, evidence jsonb)"
        " on commit drop"
    )
    copy_in(cursor, "suggested", rows, rows.column_names)
    cursor.execute(
        """
        delete from members_suggestion s where s.brand_id = %s and s.state = 'open'
          and not exists (select 1 from suggested n where n.a = s.a_id and n.b = s.b_id)
        """,
        [brand_id],
    )
    cursor.execute(
        """
        insert into members_suggestion (brand_id, a_id, b_id, probability, evidence)
        select %s, n.a, n.b, n.probability, n.evidence from suggested n
        join members_member a on a.id = n.a join members_member b on b.id = n.b
        on conflict (a_id, b_id) do update
          set probability = excluded.probability, evidence = excluded.evidence
          where members_suggestion.state = 'open'
        """,
        [brand_id],
    )
    cursor.execute("drop table suggested")
