"""Who a request is about: a member's accounts, and what they are recognised by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from huitou.kernel.errors import RefusedInputError
from huitou.members import queries as members
from huitou.members.contacts import stored_values
from huitou.members.models import CONTACT_KINDS, NAMED_PHONE, Identity, Member
from huitou.privacy.opening import in_clear, sealed_beside
from huitou.privacy.sought import Sought
from huitou.vault.hashing import (
    PHONE,
    TOKEN_PREFIX,
    identifier_kind,
    normalised,
    phone_keys,
    pseudonyms,
)
from huitou.vault.personal import ROW_KIND, Category, TableMap, tables

REASON_CHARS_MAX = 200
_NAMING = (Category.CONTACT, Category.IDENTIFIER)


@dataclass(frozen=True)
class Subject:
    """A person of a brand; ``accounts`` are their rows in ``members_member``, their own first."""

    brand_id: int
    accounts: tuple[int, ...]
    sought: Sought

    @property
    def values(self) -> dict[str, Any]:
        """What the conditions of the map are filled with."""
        return {
            "brand": self.brand_id,
            "accounts": list(self.accounts),
            "pseudonyms": pseudonyms(PHONE, self.phones, brand_id=self.brand_id),
            "phone_keys": phone_keys(self.phones, brand_id=self.brand_id),
        }

    @property
    def phones(self) -> list[str]:
        """The person's whole phones, as written."""
        return [
            value
            for kind, value in self.sought.identifiers
            if kind == PHONE and normalised(PHONE, value)
        ]


def reasoned(reason: str) -> str:
    """The reason as it goes on record; raises ``RefusedInputError`` with ``NO_REASON``."""
    text = " ".join(reason.split())
    if not text:
        raise RefusedInputError("NO_REASON", "Say why: the reason goes on record.")
    return text[:REASON_CHARS_MAX]


def subject_of(brand_id: int, member_id: int) -> Subject:
    """The member with everything the map says about them; see ``Sought`` for what counts.

    Raises ``RefusedInputError`` with ``NO_MEMBER`` when the brand has no such person.
    """
    if not Member.objects.filter(brand_id=brand_id, pk=member_id, merged_into=None).exists():
        raise RefusedInputError("NO_MEMBER", "The brand has no such member.")
    accounts = tuple(members.accounts_of(brand_id, [member_id])[member_id])
    identifiers: dict[tuple[str, str], None] = {}
    names: dict[str, None] = {}
    numbers: dict[str, None] = {}
    for table in tables().values():
        if table.owned:
            _collect(table, brand_id, accounts, identifiers, names, numbers)
    shared = _shared(brand_id, accounts, {value for _, value in identifiers})
    return Subject(
        brand_id,
        accounts,
        Sought(
            tuple(pair for pair in identifiers if pair[1] not in shared),
            tuple(name for name in names if not _is_anothers(name, brand_id, accounts)),
            tuple(numbers),
        ),
    )


def _collect(
    table: TableMap,
    brand_id: int,
    accounts: tuple[int, ...],
    identifiers: dict[tuple[str, str], None],
    names: dict[str, None],
    numbers: dict[str, None],
) -> None:
    naming = {c: p for c, p in table.personal.items() if p.category in _NAMING and p.kind}
    named = [c for c, p in table.personal.items() if p.category == Category.NAME]
    columns = [*naming, *named, *table.numbers]
    if not columns:
        return
    by_row = any(p.kind == ROW_KIND for p in naming.values())
    for row in _rows(table, columns + (["platform", "kind"] if by_row else []), brand_id, accounts):
        for column, personal in naming.items():
            value = str(row[column] or "")
            kind = personal.kind
            if kind == ROW_KIND:
                kind = identifier_kind(row["platform"], row["kind"])
            if not value.startswith(TOKEN_PREFIX) and normalised(kind, value):
                identifiers[(kind, value)] = None
        for column in named:
            value = row[column]
            if value and "*" not in value and not value.startswith(TOKEN_PREFIX):
                names[value] = None
        for column in table.numbers:
            if row[column]:
                numbers[row[column]] = None


def _rows(
    table: TableMap, columns: list[str], brand_id: int, accounts: tuple[int, ...]
) -> list[dict[str, Any]]:
    wanted = [*columns, *sealed_beside(table, columns)]
    listed = ", ".join(f't."{column}"' for column in wanted)
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {listed} from {table.table} t where {table.owned}",
            {"brand": brand_id, "accounts": list(accounts)},
        )
        rows = [dict(zip(wanted, row, strict=True)) for row in cursor.fetchall()]
    return in_clear(table, rows)


def _shared(brand_id: int, accounts: tuple[int, ...], values: set[str]) -> set[str]:
    """Identifiers that another person of the brand has too: a household's, or a parcel locker's."""
    ordered = sorted(values)
    forms: dict[str, set[str]] = {value: {value} for value in ordered}
    # A nick may be a phone, too, so every value is looked for as every kind of contact.
    for kind in sorted(CONTACT_KINDS):
        for value, form in zip(ordered, stored_values(brand_id, kind, ordered), strict=True):
            forms.setdefault(form, set()).add(value)
    found = (
        Identity.objects.filter(brand_id=brand_id, value__in=list(forms))
        .exclude(member_id__in=accounts)
        # A parcel they sent to the person does not make the phone theirs.
        .exclude(kind=NAMED_PHONE)
        .values_list("value", flat=True)
    )
    return {value for form in found for value in forms[form]}


def _is_anothers(name: str, brand_id: int, accounts: tuple[int, ...]) -> bool:
    return Member.objects.filter(brand_id=brand_id, name=name).exclude(pk__in=accounts).exists()
