"""Accounts of identifiers, found or made in sets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa
from django.db import connection

from huitou.api.intake.senders import KnownShop, Sender
from huitou.api.intake.tables import identifier_columns
from huitou.eventlog.before_images import LIVE_SOURCE
from huitou.kernel.arrays import text_array
from huitou.members.contacts import stored_values
from huitou.members.services import ResolvedPeople, resolve_people
from huitou.privacy.memory import remembered
from huitou.privacy.steps import share_imports

Identity = tuple[str, str]  # kind, value
_CONTACTS = ("phone", "email")
_SILENT = (
    "name", "phone", "email", "gender", "birthday", "lunar_birthday", "province", "city",
    "reached_name", "reached_phone", "receiver", "receiver_phone", "remark",
)  # fmt: skip

# One walk through the index for all values; of several kinds it may find a value that only
# another kind was asked for.
_FIND = """
select kind, value, member_id from members_identity
where brand_id = %s and platform = %s and kind = any(%s) and owns and name = ''
  and value = any(%s::text[])
"""


def resolved(
    sender: Sender, shop: KnownShop, people: pa.Table, *, now: datetime, origin: str
) -> ResolvedPeople:
    """``people`` as accounts, found or made; those who were erased under their token."""
    return resolve_people(
        brand_id=sender.brand_id,
        shop_id=shop.id,
        platform=shop.platform,
        source_ref=LIVE_SOURCE,
        people=without_erased(sender, shop, people),
        origin=origin,
        now=now,
    )


def without_erased(
    sender: Sender, shop: KnownShop, people: pa.Table, *, of: pa.Table | None = None
) -> pa.Table:
    """``people``, or the rows ``of`` them, with those of erased people anonymous.

    Holds new erasures back until the transaction ends, as an import does.
    """
    share_imports(sender.brand_id)
    table = people if of is None else of
    memory = remembered(sender.brand_id)
    if memory is None:
        return table
    contacts = [name for name in _CONTACTS if name in people.column_names]
    hit = memory.people(people, platform=shop.platform, contacts=contacts)
    return memory.anonymous(table, hit, platform=shop.platform, silent=_SILENT)


def members_of(
    sender: Sender, shop: KnownShop, keys: Iterable[Identity], *, now: datetime, origin: str
) -> dict[Identity, int]:
    """The account of every key; made where none had it before.

    Known keys are found without the lock that making accounts takes.
    """
    wanted = sorted(set(keys))
    if not wanted:
        return {}
    by_kind: dict[str, list[str]] = defaultdict(list)
    for kind, value in wanted:
        by_kind[kind].append(value)
    key_of = {
        (kind, stored): (kind, value)
        for kind, values in by_kind.items()
        for stored, value in zip(stored_values(sender.brand_id, kind, values), values, strict=True)
    }
    stored = text_array([value for _, value in key_of])
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [sender.brand_id, shop.platform, sorted(by_kind), stored])
        rows = cursor.fetchall()
    members = {key_of[k, v]: member for k, v, member in rows if (k, v) in key_of}
    new = [key for key in wanted if key not in members]
    if new:
        names = {"name": pa.array([""] * len(new), pa.string())}
        people = pa.table({**names, **identifier_columns([[key] for key in new])})
        ids = resolved(sender, shop, people, now=now, origin=origin).member_ids
        members |= dict(zip(new, ids.tolist(), strict=True))
    return members
