"""Who can be written to: consent is there, an address too, and nobody closed it.

For counts and audiences; whether one message may go is asked again at the moment of sending.
"""

from __future__ import annotations

import numpy as np

from huitou.members.components import Ints
from huitou.members.holders import consenting_members, identified_members, selected_ids
from huitou.members.models import AddressKind, Channel, Purpose
from huitou.vault.hashing import PSEUDONYM_PREFIX, pseudonym_of_digests_sql

# Channel → the kind of identifier that is its address. The others have no address on record.
ADDRESSES = {
    Channel.SMS: "phone",
    Channel.PHONE: "phone",
    Channel.EMAIL: "email",
    Channel.WECHAT: "unionid",
}
# Whole addresses alone are identifiers, so none of these is masked.
_OPEN = f"""
with closed as (
  select {pseudonym_of_digests_sql("digest")} as value from members_suppression
  where brand_id = %(brand)s and kind = %(kind)s and lifted_at is null)
select distinct coalesce(m.merged_into_id, m.id)
from members_identity i join members_member m on m.id = i.member_id
where i.brand_id = %(brand)s and i.kind = %(kind)s and starts_with(i.value, %(prefix)s)
  and i.value not in (select value from closed)
order by 1
"""


def addressed_members(brand_id: int, channel: str) -> Ints:
    """The members with an address of the channel that nobody closed, ascending."""
    kind = ADDRESSES[Channel(channel)]
    if kind not in AddressKind.values:
        return identified_members(brand_id, kind, "")
    return selected_ids(_OPEN, {"brand": brand_id, "kind": kind, "prefix": PSEUDONYM_PREFIX})


def reachable_members(brand_id: int, channel: str, purpose: str = Purpose.MARKETING.value) -> Ints:
    """The members who agreed to the purpose by the channel and can be reached by it, ascending."""
    agreed = consenting_members(brand_id, channel, purpose)
    if not agreed.size:
        return agreed
    return np.intersect1d(agreed, addressed_members(brand_id, channel), assume_unique=True)
