"""A chunk of a file without the contact data of people who were erased; its sums stay."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from huitou.commerce.queries import orders_of_erased
from huitou.ingest.models import Batch
from huitou.ingest.records import Chunk, Reject
from huitou.privacy.memory import Memory, remembered
from huitou.privacy.steps import share_imports
from huitou.vault.hashing import EMAIL, PHONE

# Counted on the batch; its file is not kept once it is done.
ERASED_PERSON = "ERASED_PERSON"
_CUSTOMER = (
    *("name", "phone", "email", "gender", "birthday", "lunar_birthday", "province", "city"),
    *("accepts_email", "accepts_sms"),
)
_PARCEL = ("receiver", "receiver_phone")
_ORDER = ("buyer_name", "buyer_phone", "buyer_email", *_PARCEL, "remark")
_REVIEW = ("nick", "content", "followup", "reply")
_REFUND = ("reason",)
_PHONE_DIGITS_MIN = 7

Mask = NDArray[np.bool_]


def without_erased(batch: Batch, chunk: Chunk) -> Chunk:
    """``chunk`` with erased people's rows anonymous, in the transaction that records it."""
    share_imports(batch.brand_id)
    memory = remembered(batch.brand_id)
    return chunk if memory is None else _Forgetting(batch, memory).chunk(chunk)


class _Forgetting:
    """One chunk's way through the memory."""

    def __init__(self, batch: Batch, memory: Memory) -> None:
        self.shop_id = batch.shop_id
        self.platform = batch.shop.platform
        self.memory = memory
        self.rows = 0

    def chunk(self, chunk: Chunk) -> Chunk:
        erased = replace(
            chunk,
            customers=self._people(chunk.customers, ("phone", "email"), _CUSTOMER),
            orders=self._orders(chunk.orders),
            refunds=self._people(chunk.refunds, (), _REFUND),
            reviews=self._people(chunk.reviews, ("nick",), _REVIEW),
            rejects=self._rejects(chunk.rejects),
        )
        if not self.rows:
            return chunk
        return replace(erased, warnings=chunk.warnings + Counter({ERASED_PERSON: self.rows}))

    def _orders(self, orders: pa.Table | None) -> pa.Table | None:
        found = self._people(orders, ("buyer_phone", "buyer_email"), _ORDER)
        if found is None:
            return None
        # A parcel somebody else sent to the person: theirs is only where it went.
        hit = self.memory.people(
            found.select(["receiver_phone"]), platform=self.platform, contacts=["receiver_phone"]
        )
        self.rows += int(hit.sum())
        parcels = self.memory.anonymous(
            found.select(list(_PARCEL)), hit, platform=self.platform, silent=_PARCEL
        )
        for name in _PARCEL:
            found = found.set_column(found.column_names.index(name), name, parcels[name])
        return found

    def _people(
        self, table: pa.Table | None, contacts: Sequence[str], silent: Sequence[str]
    ) -> pa.Table | None:
        if table is None or not table.num_rows:
            return table
        hit = self.memory.people(table, platform=self.platform, contacts=contacts)
        if "order_no" in table.column_names:
            numbers = table["order_no"].to_pylist()
            erased = orders_of_erased(self.shop_id, {n for n in numbers if n})
            hit |= np.fromiter((n in erased for n in numbers), bool, len(numbers))
        self.rows += int(hit.sum())
        return self.memory.anonymous(table, hit, platform=self.platform, silent=silent)

    def _rejects(self, rejects: list[Reject]) -> list[Reject]:
        """Refused rows of erased people keep their number and reason only."""
        if not rejects:
            return rejects
        cells = [
            (at, cell) for at, reject in enumerate(rejects) for cell in reject.original if cell
        ]
        pairs: list[tuple[str, str | None]] = []
        owners: list[int] = []
        for at, cell in cells:
            for kind in self._kinds(cell):
                pairs.append((kind, cell))
                owners.append(at)
        hit = {owners[place] for place in np.flatnonzero(self.memory.hits(pairs))}
        numbers = orders_of_erased(self.shop_id, {cell for _, cell in cells})
        hit |= {at for at, cell in cells if cell in numbers}
        self.rows += len(hit)
        return [
            replace(reject, original=[], value="") if at in hit else reject
            for at, reject in enumerate(rejects)
        ]

    def _kinds(self, cell: str) -> list[str]:
        """What a cell that nobody understood may be."""
        kinds = [k for k in self.memory.kinds if k not in (PHONE, EMAIL)]
        if "@" in cell:
            kinds.append(EMAIL)
        if sum(character.isdigit() for character in cell) >= _PHONE_DIGITS_MIN:
            kinds.append(PHONE)
        return kinds
