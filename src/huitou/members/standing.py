"""What holds now, of all that was ever said: pure rules over append-only records.

Records keep the account they were made for. A member may have several accounts, so every rule
takes the records of all of them together and gives the same answer in whatever order they come.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from huitou.members.models import ConsentSource, Decision, ValueSource

# Of two statements made at one moment the one nearer to the member counts.
_NEARNESS = {
    ValueSource.DECLARED: 3,
    ValueSource.STAFF: 2,
    ValueSource.IMPORTED: 1,
    ValueSource.INFERRED: 0,
}


def nearness_order() -> list[str]:
    """The sources of statements, the farthest from the member first; the first of them guesses."""
    return sorted(
        (source.value for source in _NEARNESS), key=lambda code: _NEARNESS[ValueSource(code)]
    )


@dataclass(frozen=True, slots=True)
class Statement:
    """What a source said of one attribute; ``value`` None says that there is no value.

    ``confidence`` in per cent, ``observed_at`` when it was so or was said.
    """

    id: int
    value: Any
    source: str
    confidence: int
    observed_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentFact:
    """A decision about one channel and purpose, recorded for ``account_id``."""

    id: int
    account_id: int
    decision: str
    at: datetime
    source: str


@dataclass(frozen=True, slots=True)
class TagFact:
    """A tag on an account that nobody removed; ``until`` None is for ever."""

    id: int
    tag_id: int
    group_id: int
    is_exclusive: bool
    put_at: datetime
    until: datetime | None


class Decided(Protocol):
    """Anything that says what was decided and when."""

    @property
    def decision(self) -> str:
        """One of ``Decision``."""
        ...

    @property
    def at(self) -> datetime:
        """When the member decided."""
        ...


DecidedT = TypeVar("DecidedT", bound=Decided)
TagT = TypeVar("TagT", bound=TagFact)


def standing_statement(statements: Iterable[Statement]) -> Statement | None:
    """The statement that counts: what anybody said beats what was inferred; then the newest.

    >>> from datetime import UTC
    >>> day = datetime(2026, 5, 1, tzinfo=UTC)
    >>> said = Statement(1, "teacher", "imported", 100, day)
    >>> guessed = Statement(2, "student", "inferred", 80, day.replace(year=2027))
    >>> standing_statement([guessed, said]).value
    'teacher'
    """
    return max(statements, key=_weight, default=None)


def _weight(said: Statement) -> tuple[bool, datetime, int, int]:
    nearness = _NEARNESS[ValueSource(said.source)]
    return nearness > 0, said.observed_at, nearness, said.id


def standing_consent(facts: Iterable[ConsentFact]) -> ConsentFact | None:
    """The decision that counts for a member; None when nobody ever decided.

    Of one account the latest decision counts, but an imported grant never lifts a withdrawal. A
    withdrawal standing on any account beats the grants of all others, so that neither a merge nor
    an import ever loosens what a person said. A grant of the person's own is recorded for every
    account they have at the time, and so lifts them all.

    >>> from datetime import UTC
    >>> day = datetime(2026, 5, 1, tzinfo=UTC)
    >>> no = ConsentFact(1, 7, "withdrawn", day, "link")
    >>> listed = ConsentFact(2, 7, "granted", day.replace(month=6), "import")
    >>> standing_consent([no, listed]).decision
    'withdrawn'
    >>> yes = ConsentFact(3, 7, "granted", day.replace(month=7), "card")
    >>> standing_consent([no, listed, yes]).decision
    'granted'
    """
    standing: dict[int, ConsentFact] = {}
    for fact in sorted(facts, key=_later):
        before = standing.get(fact.account_id)
        lifts = (
            before is not None
            and before.decision == Decision.WITHDRAWN
            and fact.decision == Decision.GRANTED
        )
        if not (lifts and fact.source == ConsentSource.IMPORT):
            standing[fact.account_id] = fact
    return max(
        standing.values(), key=lambda fact: (_is_withdrawal(fact), _later(fact)), default=None
    )


def strictest(standing: Iterable[DecidedT]) -> DecidedT | None:
    """What holds once the members of whom ``standing`` is what holds are one; None of nothing.

    >>> from datetime import UTC
    >>> day = datetime(2026, 5, 1, tzinfo=UTC)
    >>> no = ConsentFact(1, 7, "withdrawn", day, "link")
    >>> strictest([no, ConsentFact(2, 8, "granted", day.replace(month=6), "card")]).decision
    'withdrawn'
    """
    return max(standing, key=lambda one: (_is_withdrawal(one), one.at), default=None)


def _later(fact: ConsentFact) -> tuple[datetime, bool, int]:
    # Of decisions at one moment the withdrawal counts.
    return fact.at, _is_withdrawal(fact), fact.id


def _is_withdrawal(fact: Decided) -> bool:
    return fact.decision == Decision.WITHDRAWN


def standing_tags(facts: Iterable[TagT], now: datetime) -> list[TagT]:
    """The tags a member carries at ``now``, in order of group and tag.

    A tag on several accounts counts once, as put last; of an exclusive group the last one counts.
    """
    standing: dict[tuple[int, int], TagT] = {}
    for fact in sorted(facts, key=lambda fact: (fact.put_at, fact.id)):
        if fact.until is None or fact.until > now:
            standing[fact.group_id, 0 if fact.is_exclusive else fact.tag_id] = fact
    return sorted(standing.values(), key=lambda fact: (fact.group_id, fact.tag_id))
