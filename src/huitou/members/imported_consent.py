"""What files say of consent: evidence that fills silence and tightens, never loosens (ADR 9).

An entry names the import, the row and the column it comes from, and goes when that import is
undone, as everything else the import brought; all other entries stay for ever.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
from django.db import connection

from huitou.eventlog.services import append
from huitou.members.components import Ints
from huitou.members.models import ConsentSource, Decision, Purpose

_WORDING_MAX = 40
_PURPOSE = Purpose.MARKETING


@dataclass(frozen=True)
class ConsentColumn:
    """A column of a file that says, row by row, who agreed to marketing through ``channel``.

    ``name`` is its heading, the words the answers stand under; ``agreed`` is null where the file
    is silent.
    """

    channel: str
    name: str
    agreed: pa.Array | pa.ChunkedArray


def record_imported_consents(
    *,
    brand_id: int,
    source_ref: int,
    accounts: Ints,
    row_nos: Ints,
    columns: Sequence[ConsentColumn],
    now: datetime,
) -> Ints:
    """Record what the rows of a file say of their ``accounts`` (0: none), as heard ``now``.

    Of several rows on one account a refusal counts. A refusal is recorded unless one stands; an
    agreement only where the account is silent. Returns the places of the rows that said something
    new, ascending. Runs in the caller's transaction.
    """
    said = [
        (place, column.channel, decision, column.name[:_WORDING_MAX])
        for column in columns
        for place, decision in _said(column, accounts)
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "brand": brand_id,
                "ref": source_ref,
                "now": now,
                "accounts": [int(accounts[place]) for place, *_ in said],
                "rows": [int(row_nos[place]) for place, *_ in said],
                "channels": [channel for _, channel, _, _ in said],
                "decisions": [decision for _, _, decision, _ in said],
                "names": [name for *_, name in said],
            },
        )
        new = cursor.fetchall()
    _tell(brand_id, new, now)
    told = {(account, channel) for account, channel, _decision in new}
    fresh = {place for place, channel, *_ in said if (int(accounts[place]), channel) in told}
    return np.array(sorted(fresh), dtype=np.int64)


# The fold of ``standing.standing_consent`` for one account: its last withdrawal holds until the
# member grants anew, and an import's grant is none of the member's own acts.
_INSERT = f"""
insert into members_consententry
  (brand_id, account_id, channel, purpose, decision, at, source, source_ref, place, wording)
select %(brand)s, s.account, s.channel, '{_PURPOSE}', s.decision, %(now)s,
  '{ConsentSource.IMPORT}', %(ref)s, 'import ' || %(ref)s || ', row ' || s.row_no, s.name
from unnest(%(accounts)s::bigint[], %(rows)s::bigint[], %(channels)s::text[],
            %(decisions)s::text[], %(names)s::text[])
  as s(account, row_no, channel, decision, name)
cross join lateral (
  select
    max(c.at) filter (where c.decision = '{Decision.WITHDRAWN}') as withdrawn_at,
    max(c.at) filter (where c.decision = '{Decision.GRANTED}'
                      and c.source <> '{ConsentSource.IMPORT}') as own_grant_at,
    count(*) as entries
  from members_consententry c
  where c.account_id = s.account and c.channel = s.channel and c.purpose = '{_PURPOSE}'
) k
where case s.decision
  when '{Decision.GRANTED}' then k.entries = 0
  else k.withdrawn_at is null or k.own_grant_at > k.withdrawn_at end
on conflict do nothing
returning account_id, channel, decision
"""


def _said(column: ConsentColumn, accounts: Ints) -> Iterator[tuple[int, str]]:
    """What a column says of each account it speaks of, with the place of the row that says it."""
    agreed = column.agreed
    if isinstance(agreed, pa.ChunkedArray):
        agreed = agreed.combine_chunks()
    speaks = agreed.is_valid().to_numpy(zero_copy_only=False) & (accounts > 0)
    places = np.flatnonzero(speaks)
    yes = agreed.take(pa.array(places)).to_numpy(zero_copy_only=False).astype(bool)
    # Refusals first, then by row: the first of each account is the one that counts.
    order = np.lexsort((places, yes))
    _accounts, first = np.unique(accounts[places[order]], return_index=True)
    for at in order[first]:
        yield int(places[at]), Decision.GRANTED.value if yes[at] else Decision.WITHDRAWN.value


def _tell(brand_id: int, new: Sequence[tuple[int, str, str]], now: datetime) -> None:
    """News of each channel and decision, as of those people record one by one."""
    for channel, decision in sorted({(channel, decision) for _, channel, decision in new}):
        append(
            brand_id=brand_id,
            kind=f"members.consent_{decision}",
            subject_ids=[a for a, c, d in new if (c, d) == (channel, decision)],
            occurred_at=now,
            origin="backfill",
            payload={
                "channel": channel,
                "purpose": _PURPOSE.value,
                "source": ConsentSource.IMPORT.value,
            },
        )


def take_back_consents(*, brand_id: int, source_ref: int, now: datetime) -> int:
    """Remove what an import that is undone said of consent; returns how many entries went.

    The database lets an import's entries go while ``huitou.undone_import`` names that import, and
    no others. Runs in the caller's transaction, before the accounts of the import go.
    """
    with connection.cursor() as cursor:
        cursor.execute("select set_config('huitou.undone_import', %s, true)", [str(source_ref)])
        cursor.execute(
            f"delete from members_consententry where brand_id = %s and source_ref = %s"
            f" and source = '{ConsentSource.IMPORT}' returning account_id",
            [brand_id, source_ref],
        )
        gone: list[Any] = cursor.fetchall()
        cursor.execute("select set_config('huitou.undone_import', '', true)")
    if gone:
        append(
            brand_id=brand_id,
            kind="members.consent_undone",
            subject_ids=sorted({row[0] for row in gone}),
            occurred_at=now,
            origin="backfill",
            payload={"source_ref": source_ref},
        )
    return len(gone)
