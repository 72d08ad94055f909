"""Accounts of identifiers, found or made in sets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
import pyarrow as pa
from django.db import connection

from huitou.api.intake.senders import KnownShop, Sender
from huitou.api.intake.tables import identifier_columns
from huitou.eventlog.before_images import LIVE_SOURCE
from huitou.members.contacts import stored_values
from huitou.members.services import ResolvedPeople, resolve_people
from huitou.privacy.memory import remembered
from huitou.privacy.steps import share_imports

Identity = tuple[str, str]  # kind, value
_CONTACTS = ("phone", "email")
_SILENT = (
    "name", "phone", "email", "gender", "birthday", "province", "city", "reached_name",
    "reached_phone", "receiver", "receiver_phone", "remark",
)  # fmt: skip

_FIND = """
select i.kind, i.value, i.member_id
from json_to_recordset(%s::json) as k(kind text, value text)
join members_identity i
  on i.brand_id = %s and i.platform = %s and i.kind = k.kind and i.value = k.value
  and i.owns and i.name = ''
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
    wanted: Sequence[Identity] = sorted(set(keys))
    if not wanted:
        return {}
    key_of = {
        (kind, stored_values(sender.brand_id, kind, [value])[0]): (kind, value)
        for kind, value in wanted
    }
    keys_text = msgspec.json.encode([{"kind": kind, "value": value} for kind, value in key_of])
    with connection.cursor() as cursor:
        cursor.execute(_FIND, [keys_text.decode(), sender.brand_id, shop.platform])
        members = {key_of[kind, value]: member for kind, value, member in cursor.fetchall()}
    new = [key for key in wanted if key not in members]
    if new:
        names = {"name": pa.array([""] * len(new), pa.string())}
        people = pa.table({**names, **identifier_columns([[key] for key in new])})
        ids = resolved(sender, shop, people, now=now, origin=origin).member_ids
        members |= dict(zip(new, ids.tolist(), strict=True))
    return members
