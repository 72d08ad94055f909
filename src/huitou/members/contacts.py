"""Contacts at the borders of the room: pseudonyms in, clear values out.

A contact (phone, e-mail, payment account) lies in the database twice: as a pseudonym in
``members_identity.value``, which everything that asks for equality joins and groups by, and sealed
in ``sealed``, which is opened only to show it. Members' own phones and e-mails lie sealed alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from huitou.members.models import CONTACT_KINDS, NAMED_PHONE, PHONE_TAIL_DIGITS
from huitou.vault.columns import opened, sealed_column
from huitou.vault.hashing import TOKEN_PREFIX, pseudonyms

Box = bytes | memoryview | str | None
_KINDS = pa.array(sorted(CONTACT_KINDS), pa.string())
_TAIL = f"^.+[0-9]{{{PHONE_TAIL_DIGITS}}}$"


def stored_values(brand_id: int, kind: str, values: Sequence[str]) -> list[str]:
    """How each identifier stands in ``members_identity.value``: a contact as its pseudonym."""
    if kind not in CONTACT_KINDS:
        return list(values)
    return pseudonyms(kind, values, brand_id=brand_id)


def clear_values(rows: Iterable[tuple[str, Box]]) -> list[str]:
    """The identifiers of ``(value, sealed)`` rows of ``members_identity``, contacts in clear."""
    found = list(rows)
    clear = opened([box for _, box in found], table="members_identity", column="sealed")
    return [contact or value for (value, _), contact in zip(found, clear, strict=True)]


def open_own(column: str, boxes: Sequence[Box]) -> list[str]:
    """What ``members_member.phone`` or ``email`` hold, '' for nothing."""
    return opened(boxes, table="members_member", column=column)


def phone_tails(phones: pa.Array) -> pa.Array:
    """``phone_tail`` of a column; null where the phone is."""
    is_told = pc.match_substring_regex(phones, _TAIL)
    return pc.if_else(is_told, pc.utf8_slice_codeunits(phones, -PHONE_TAIL_DIGITS), "")


class Concealed:
    """Rows of people whose contacts are pseudonyms, and what these stand for."""

    def __init__(self, people: pa.Table, *, brand_id: int) -> None:
        self._brand_id = brand_id
        self._known: dict[str, dict[str, str]] = {}  # kind → contact → pseudonym
        for rank in (1, 2, 3):
            name = f"id{rank}_value"
            if name in people.column_names:
                kinds = people[f"id{rank}_kind"].combine_chunks().cast(pa.string())
                people = _replaced(people, name, self._identifiers(kinds, _texts(people[name])))
        if "reached_phone" in people.column_names:
            phones = self._contacts(NAMED_PHONE, _texts(people["reached_phone"]))
            people = _replaced(people, "reached_phone", phones)
        self.people = people
        self._clear: dict[str, str] = {}
        for known in self._known.values():
            self._clear.update(zip(known.values(), known, strict=True))

    def sealed(self, values: pa.Array) -> pa.Array:
        """The seals that belong beside ``values``, as text; null beside what is no contact."""
        encoded = values.dictionary_encode()
        clear = [
            None if value.startswith(TOKEN_PREFIX) else self._clear.get(value)
            for value in encoded.dictionary.to_pylist()
        ]
        boxes = sealed_column(
            pa.array(clear, pa.string()), table="members_identity", column="sealed"
        )
        return boxes.take(encoded.indices)

    def _identifiers(self, kinds: pa.Array, values: pa.Array) -> pa.Array:
        is_contact = pc.fill_null(pc.is_in(kinds, _KINDS), False)
        for kind in pc.unique(kinds.filter(is_contact)).to_pylist():
            mine = pc.fill_null(pc.equal(kinds, kind), False)
            contacts = self._contacts(kind, pc.if_else(mine, values, pa.scalar(None, pa.string())))
            values = pc.if_else(mine, contacts, values)
        return values

    def _contacts(self, kind: str, values: pa.Array) -> pa.Array:
        """The pseudonyms of ``values``, each distinct one hashed once; null stays null."""
        known = self._known.setdefault("phone" if kind == NAMED_PHONE else kind, {})
        encoded = values.dictionary_encode()
        distinct = encoded.dictionary.to_pylist()
        new = [value for value in distinct if value not in known]
        made = pseudonyms(kind, new, brand_id=self._brand_id)
        known.update(zip(new, made, strict=True))
        found = made if len(new) == len(distinct) else [known[value] for value in distinct]
        return pa.array(found, pa.string()).take(encoded.indices)


def _texts(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks().cast(pa.string())


def _replaced(table: pa.Table, name: str, column: pa.Array) -> pa.Table:
    return table.set_column(table.column_names.index(name), name, column)


def sealed_profile(rows: pa.Table) -> pa.Table:
    """``rows`` with ``phone`` and ``email`` sealed as text, and ``phone_tail``."""
    phone_tail_column = phone_tails(_texts(rows["phone"]))
    for name in ("phone", "email"):
        boxes = sealed_column(rows[name], table="members_member", column=name)
        rows = _replaced(rows, name, boxes)
    return rows.append_column("phone_tail", phone_tail_column)


def without_known(cursor: Any, rows: pa.Table) -> pa.Table:
    """``rows`` (id, phone, email) with null for contacts that are on record already.

    Equal contacts have different seals, so values are compared, in one read of the members named.
    """
    cursor.execute(
        "select m.id, m.phone, m.email from members_member m where m.id = any(%s)"
        " and (m.phone is not null or m.email is not null)",
        [rows["id"].to_pylist()],
    )
    found = cursor.fetchall()
    for at, name in ((1, "phone"), (2, "email")):
        on_record = dict(
            zip((r[0] for r in found), open_own(name, [r[at] for r in found]), strict=True)
        )
        said = zip(rows["id"].to_pylist(), rows[name].to_pylist(), strict=True)
        fresh = [value if value != on_record.get(member) else None for member, value in said]
        rows = _replaced(rows, name, pa.array(fresh, pa.string()))
    return rows
