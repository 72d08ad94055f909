"""The map of personal data: every room declares its tables here, everything else follows from it.

A column of text, JSON, bytes, or an array of texts is either ``personal``, with what erasure does
to it, or ``plain``, with the reason why it says nothing about a person; a test walks the schema and
names the columns nobody declared. Export, erasure, and retention read this map alone, so a declared
column needs no further code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Category(StrEnum):
    """What a column says about a person."""

    NAME = "name"
    CONTACT = "contact"  # reaches the person: phone, e-mail, payment account
    IDENTIFIER = "identifier"  # tells the person apart: nick, open id, card number
    ADDRESS = "address"
    DEMOGRAPHIC = "demographic"  # gender, birthday, attributes
    CONTENT = "content"  # free text by or about the person
    COPY = "copy"  # whole rows or files that may hold any of these


class Erase(StrEnum):
    """What erasure does to a column; the row stays unless its table says ``delete``."""

    EMPTY = "empty"  # '' or an empty JSON list
    NULL = "null"
    TOKEN = "token"  # noqa: S105 -- a keyed hash in place of the value: a later file meets the same row
    RENEW = "renew"  # a fresh random id
    SCRUB = "scrub"  # only what names the person is cut out of the text
    KEEP = "keep"  # needed for sums; says nothing once the rest is gone


# The row says itself what kind its identifier is.
ROW_KIND = "row"


class Shown(StrEnum):
    """How a page shows a column."""

    CLEAR = "clear"
    MASKED = "masked"  # in clear only with a reason, on record
    NEVER = "never"  # not on any page as a value of its own


@dataclass(frozen=True)
class Personal:
    """A column of personal data.

    ``kind`` says what a contact or identifier is: a fixed kind (``phone``), or ``ROW_KIND`` when
    the columns ``platform`` and ``kind`` of the same row do. ``sealed`` names the column that holds
    the value sealed: the column itself, or one beside it where this one holds pseudonyms.
    """

    category: Category
    erase: Erase
    shown: Shown = Shown.MASKED
    kind: str = ""
    sealed: str = ""


@dataclass(frozen=True)
class Retention:
    """Rows past ``days`` are dealt with by the daily run.

    ``due`` is a condition on ``t`` with ``%(before)s``, the moment ``days`` ago. ``delete`` removes
    the rows; otherwise ``due`` must leave out rows whose columns are empty already.
    """

    days: int
    due: str
    delete: bool = True  # the rows


@dataclass(frozen=True)
class TableMap:
    """What one table holds about people.

    ``owned`` is a condition on ``t`` that finds the rows of accounts ``%(accounts)s`` of brand
    ``%(brand)s``. ``mentioned`` finds rows of others that name the person by a phone, known by its
    ``%(pseudonyms)s`` or ``%(phone_keys)s``: erased too, but not exported. ``searched`` narrows the
    rows to a brand; among these, rows are the person's when a personal column names them. A table
    without any of the three keeps nothing about members.

    ``binary`` are personal columns of bytes that hold text.

    ``delete``: erasure removes the rows it finds. ``numbers`` are columns whose values lead to a
    person only through our books (order numbers): they stay, but files and refused rows that carry
    them are the person's too. ``about`` says what the table is, in English and Chinese.
    """

    table: str
    about: tuple[str, str]
    personal: Mapping[str, Personal] = field(default_factory=dict)
    plain: Mapping[str, str] = field(default_factory=dict)
    owned: str = ""
    mentioned: str = ""
    searched: str = ""
    binary: tuple[str, ...] = ()
    delete: bool = False
    numbers: tuple[str, ...] = ()
    retention: Retention | None = None


_TABLES: dict[str, TableMap] = {}


def declare(tables: Sequence[TableMap]) -> None:
    """Add a room's tables; declaring the same again is harmless.

    Raises ``ValueError`` when a table is declared twice differently or a column is called both
    personal and plain.
    """
    for table in tables:
        if both := table.personal.keys() & table.plain.keys():
            raise ValueError(f"{table.table}: {', '.join(sorted(both))} both personal and plain")
        if _TABLES.setdefault(table.table, table) != table:
            raise ValueError(f"{table.table} is declared twice")


def tables() -> Mapping[str, TableMap]:
    """Every declared table by name, lower rooms first."""
    return MappingProxyType(_TABLES)
