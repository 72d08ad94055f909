"""What every platform module gives, and what they share: pushes, links, amounts, times."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, TypeVar

import msgspec

from huitou.api.messages import Event, Member, Order
from huitou.api.outgoing import UnreachableError
from huitou.kernel.errors import HuitouError
from huitou.kernel.money import to_minor

T = TypeVar("T")
# Pages of one window.
PAGES_MAX = 400


def backwards(pages: int) -> range:
    """The numbers of ``pages``, the last first; raises ``UnreachableError`` beyond ``PAGES_MAX``.

    What changes while a list is read leaves it, and the rest moves up: whoever reads forwards
    misses what moves onto a page read already, whoever reads backwards sees it twice at worst.
    """
    if pages > PAGES_MAX:
        raise UnreachableError(f"The window has more than {PAGES_MAX} pages.")
    return range(pages, 0, -1)


class UnreadableError(HuitouError):
    """A signed push, or a platform's answer, is not as its protocol says.

    It reads ``CODE: detail``; ``api.refusals`` explains the codes.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True)
class Link:
    """A connection with its secrets in clear, for the time of one task."""

    shop_id: int
    base_url: str
    secret: str
    app_key: str
    session: str
    currency: str


@dataclass(frozen=True)
class Push:
    """One push: ``event_id`` is the same for every repetition of it."""

    event_id: str
    topic: str
    body: bytes


@dataclass
class Told:
    """What a push says in the messages of the interface."""

    orders: list[Order] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    # Why parts of a list could not be read; the others are told all the same.
    unreadable: list[str] = field(default_factory=list)

    def add(self, told: Told) -> None:
        """Say also what ``told`` says."""
        self.orders += told.orders
        self.events += told.events
        self.members += told.members
        self.unreadable += told.unreadable


@dataclass(frozen=True)
class Platform:
    """A platform's protocol.

    ``accept`` gives the push of a signed request, or None when the signature is not that of the
    link's secret. ``read`` makes messages of a kept push; it may ask the platform. ``changed``
    gives what changed there within a window. ``consume`` fetches waiting pushes where they are
    pulled, calling its argument to keep each set before it is confirmed.
    """

    read: Callable[[Link, str, bytes], Told]
    changed: Callable[[Link, datetime, datetime], Iterator[Told]]
    accept: Callable[[Link, Mapping[str, str], bytes], Push | None] | None = None
    consume: Callable[[Link, Callable[[Sequence[Push]], object]], None] | None = None
    reply: bytes = b"{}"


def reading(make: Callable[[], Told]) -> Told:
    """What ``make`` tells; a shape it did not expect is an ``UnreadableError`` too."""
    try:
        return make()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableError("SHAPE", str(error)) from error


def readable(rows: Sequence[T], make: Callable[[T], Told]) -> Told:
    """What ``rows`` of a list tell, each read by itself."""
    all_told = Told()
    for row in rows:
        try:
            all_told.add(reading(lambda row=row: make(row)))  # type: ignore[misc]
        except UnreadableError as error:
            all_told.unreadable.append(str(error))
    return all_told


def equal(given: str | None, expected: str) -> bool:
    """Whether two signatures are equal, in a time that does not tell where they differ."""
    return given is not None and hmac.compare_digest(given.encode(), expected.encode())


def fingerprint(*parts: bytes) -> str:
    """A stable name of what ``parts`` say."""
    return hashlib.blake2b(b"\x00".join(parts), digest_size=24).hexdigest()


def parsed(body: bytes) -> dict[str, Any]:
    """``body`` as a JSON object, numbers with a point as exact decimals."""
    try:
        value = json.loads(body, parse_float=Decimal)
    except (ValueError, RecursionError):
        raise UnreadableError("JSON", "not sound") from None
    if not isinstance(value, dict):
        raise UnreadableError("JSON", "not an object")
    return value


def message(kind: type[T], **values: Any) -> T:
    """A message of ``kind`` after the same checks as bodies of the interface go through."""
    try:
        return msgspec.convert(values, kind, strict=True)
    except msgspec.ValidationError as error:
        raise UnreadableError("VALUE", f"{kind.__name__}: {error}") from None


def minor(amount: Any, currency: str) -> int:
    """A decimal text or number in minor units; nothing is 0.

    >>> minor("19.90", "USD"), minor(None, "USD")
    (1990, 0)
    """
    if amount in (None, ""):
        return 0
    try:
        return to_minor(Decimal(str(amount)), currency)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise UnreadableError("VALUE", f"amount {amount!r} ({error})") from None


def moment(text: Any, zone: tzinfo = UTC) -> datetime | None:
    """An ISO time, in ``zone`` unless it says; nothing is None.

    >>> moment("2026-05-01T07:59:40").isoformat()
    '2026-05-01T07:59:40+00:00'
    """
    if not text:
        return None
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        raise UnreadableError("VALUE", f"time {text!r}") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)


def known(table: Mapping[Any, T], code: Any, what: str) -> T:
    """The entry of ``code``; an unknown one is an error rather than a guess."""
    try:
        return table[code]
    except (KeyError, TypeError):
        raise UnreadableError("UNKNOWN_CODE", f"{what} {code!r}") from None


def text(value: Any, length: int) -> str:
    """``value`` as text of at most ``length`` characters without NUL; nothing is empty."""
    return "" if value is None else str(value).replace("\x00", "")[:length]
