"""What sources say of members' attributes: recorded in sets, never overwritten.

Which of all statements holds is ``standing.standing_statement``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from huitou.eventlog.services import append
from huitou.kernel.errors import RefusedInputError
from huitou.members.attributes import attributes, parsed_value
from huitou.members.models import AttributeValue, ValueSource
from huitou.members.ownership import Accounts, owners, require_members
from huitou.members.standing import Statement, standing_statement


@dataclass(frozen=True)
class Said:
    """A value for a member; ``value`` is text as typed, '' meaning that there is none."""

    member_id: int
    code: str
    value: str
    observed_at: datetime | None = None


@dataclass(frozen=True)
class Refusal:
    """Why the statement at ``position`` was not recorded."""

    position: int
    code: str
    message: str


@dataclass(frozen=True)
class Recorded:
    """How many statements are new, how many were known, and which were refused."""

    recorded: int
    known: int
    refused: tuple[Refusal, ...]


@transaction.atomic
def record_attributes(
    *,
    brand_id: int,
    said: Sequence[Said],
    source: str,
    now: datetime,
    confidence: int = 100,
    staff_id: int | None = None,
    source_ref: int | None = None,
) -> Recorded:
    """Record what a source says of members; the same statement again changes nothing.

    An inference equal to the last one is known too. Values that do not fit are refused one by one
    and the others recorded. Raises ``RefusedInputError`` with the code ``MEMBER``, ``SOURCE`` or
    ``CONFIDENCE`` when nothing can be recorded.
    """
    if source not in ValueSource.values:
        raise RefusedInputError("SOURCE", f"{source!r} is no source: {ValueSource.values}.")
    if not 0 <= confidence <= 100:
        raise RefusedInputError("CONFIDENCE", "Confidence is a percentage from 0 to 100.")
    require_members(brand_id, {statement.member_id for statement in said})
    accepted, refused = _accepted(brand_id, said, now)
    written = _insert(brand_id, accepted, source, confidence, staff_id, source_ref)
    append(
        brand_id=brand_id,
        kind="members.attributes_recorded",
        subject_ids=sorted(set(written)),
        occurred_at=now,
        origin="backfill" if source == ValueSource.IMPORTED else "live",
        payload={"source": source},
    )
    return Recorded(len(written), len(accepted) - len(written), tuple(refused))


def _accepted(
    brand_id: int, said: Sequence[Said], now: datetime
) -> tuple[list[tuple[int, int, str, datetime]], list[Refusal]]:
    offered = {a.code: a for a in attributes(brand_id) if not a.is_retired}
    accepted, refused = [], []
    for position, statement in enumerate(said):
        try:
            attribute = offered.get(statement.code)
            if attribute is None:
                raise RefusedInputError(
                    "ATTRIBUTE", f"The brand has no attribute {statement.code!r} in use."
                )
            observed_at = statement.observed_at or now
            if observed_at > now:
                raise RefusedInputError("FUTURE", "A value cannot be from after now.")
            value = json.dumps(parsed_value(attribute, statement.value))
            accepted.append((statement.member_id, attribute.id, value, observed_at))
        except RefusedInputError as error:
            refused.append(Refusal(position, error.code, str(error)))
    return accepted, refused


_INSERT = """
insert into members_attributevalue
  (brand_id, account_id, definition_id, value, source, source_ref, staff_id, confidence,
   observed_at)
select %(brand)s, s.account, s.definition, s.value::jsonb, %(source)s, %(ref)s, %(staff)s,
  %(confidence)s, s.observed_at
from unnest(%(accounts)s::bigint[], %(definitions)s::bigint[], %(values)s::text[],
            %(moments)s::timestamptz[]) as s(account, definition, value, observed_at)
left join lateral (
  select v.value, v.confidence from members_attributevalue v
  where v.account_id = s.account and v.definition_id = s.definition and v.source = 'inferred'
  order by v.observed_at desc, v.id desc limit 1
) last on %(source)s = 'inferred'
where last.value is distinct from s.value::jsonb
  or last.confidence is distinct from %(confidence)s::smallint
on conflict do nothing
returning account_id
"""


def _insert(
    brand_id: int,
    rows: Sequence[tuple[int, int, str, datetime]],
    source: str,
    confidence: int,
    staff_id: int | None,
    source_ref: int | None,
) -> list[int]:
    """Write ``rows`` (account, definition, JSON, moment); returns the accounts of new ones."""
    if not rows:
        return []
    accounts, definitions, values, moments = (list(column) for column in zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "brand": brand_id,
                "accounts": accounts,
                "definitions": definitions,
                "values": values,
                "moments": moments,
                "source": source,
                "confidence": confidence,
                "staff": staff_id,
                "ref": source_ref,
            },
        )
        return [row[0] for row in cursor.fetchall()]


def current_attributes(brand_id: int, accounts: Accounts) -> dict[int, dict[str, Statement]]:
    """What holds of each member, by the attribute's code; one statement for any number of them.

    Attributes without a value are left out, and so are members without any.
    """
    member_of = owners(accounts)
    rows = AttributeValue.objects.filter(brand_id=brand_id, account_id__in=list(member_of))
    heard: dict[tuple[int, str], list[Statement]] = {}
    for account, code, *values in rows.values_list(
        "account_id", "definition__code", "id", "value", "source", "confidence", "observed_at"
    ):
        heard.setdefault((member_of[account], code), []).append(Statement(*values))
    result: dict[int, dict[str, Statement]] = {}
    for (member, code), statements in heard.items():
        standing = standing_statement(statements)
        if standing is not None and standing.value is not None:
            result.setdefault(member, {})[code] = standing
    return result
