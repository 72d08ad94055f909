"""What holds of all that was said: the same in any order, and never looser by merge or import."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from huitou.members.standing import (
    ConsentFact,
    Statement,
    TagFact,
    standing_consent,
    standing_statement,
    standing_tags,
)

DAY = datetime(2026, 5, 1, tzinfo=UTC)
OWN_SOURCES = ("staff", "card", "link", "reply", "api")
moments = st.integers(0, 5).map(lambda days: DAY + timedelta(days=days))


@st.composite
def ledgers(draw: st.DrawFn, accounts: tuple[int, ...] = (1, 2, 3)) -> list[ConsentFact]:
    """Decisions on some accounts, in any order, with many at the same moment."""
    rows = draw(
        st.lists(
            st.tuples(
                st.sampled_from(accounts),
                st.sampled_from(("granted", "withdrawn")),
                moments,
                st.sampled_from((*OWN_SOURCES, "import")),
            ),
            max_size=8,
        )
    )
    return [ConsentFact(number, *row) for number, row in enumerate(rows)]


def decision(facts: list[ConsentFact]) -> str | None:
    """The decision that counts."""
    standing = standing_consent(facts)
    return standing and standing.decision


@given(ledgers(), st.randoms(use_true_random=False))
def test_the_order_of_entries_does_not_matter(facts: list[ConsentFact], random: object) -> None:
    shuffled = list(facts)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert standing_consent(shuffled) == standing_consent(facts)


@given(ledgers(accounts=(1,)), ledgers(accounts=(2, 3)))
def test_a_merge_only_tightens(one: list[ConsentFact], others: list[ConsentFact]) -> None:
    together = decision(one + others)

    said = {decision(one), decision(others)} - {None}
    assert together == max(said, default=None)  # "withdrawn" is greater than "granted"


@given(ledgers(), moments, st.sampled_from((1, 2, 3)))
def test_an_imported_grant_never_lifts_a_withdrawal(
    facts: list[ConsentFact], at: datetime, account: int
) -> None:
    before = decision(facts)
    listed = ConsentFact(99, account, "granted", at, "import")

    assert decision([*facts, listed]) == (before or "granted")


@given(ledgers(), st.sampled_from(OWN_SOURCES))
def test_a_grant_of_the_persons_own_for_all_accounts_lifts_all(
    facts: list[ConsentFact], source: str
) -> None:
    later = DAY + timedelta(days=6)
    anew = [ConsentFact(100 + n, n, "granted", later, source) for n in (1, 2, 3)]

    assert decision([*facts, *anew]) == "granted"


@given(ledgers(), st.sampled_from((*OWN_SOURCES, "import")), st.sampled_from((1, 2, 3)))
def test_the_latest_withdrawal_wins_from_any_source(
    facts: list[ConsentFact], source: str, account: int
) -> None:
    last = ConsentFact(99, account, "withdrawn", DAY + timedelta(days=5), source)

    assert decision([*facts, last]) == "withdrawn"


def test_a_withdrawal_at_the_moment_of_a_grant_counts() -> None:
    facts = [ConsentFact(2, 1, "granted", DAY, "card"), ConsentFact(1, 1, "withdrawn", DAY, "link")]

    assert decision(facts) == "withdrawn"


def test_nothing_said_is_no_decision() -> None:
    assert standing_consent([]) is None
    assert standing_statement([]) is None


def test_what_was_said_beats_what_was_inferred_later() -> None:
    said = Statement(1, "teacher", "declared", 100, DAY)
    guessed = Statement(2, "student", "inferred", 99, DAY + timedelta(days=400))

    assert standing_statement([guessed, said]) == said


def test_the_newest_of_what_was_said_counts_whoever_said_it() -> None:
    own = Statement(1, "teacher", "declared", 100, DAY)
    file = Statement(2, "nurse", "imported", 100, DAY + timedelta(days=1))

    assert standing_statement([own, file]) == file


def test_of_one_moment_the_source_nearest_to_the_member_counts() -> None:
    own = Statement(1, "teacher", "declared", 100, DAY)
    desk = Statement(2, "nurse", "staff", 100, DAY)
    file = Statement(3, "clerk", "imported", 100, DAY)

    assert standing_statement([file, own, desk]) == own


def test_of_an_exclusive_group_the_tag_put_last_counts_over_all_accounts() -> None:
    tea = TagFact(1, 11, 1, True, DAY, None)
    coffee = TagFact(2, 12, 1, True, DAY + timedelta(days=1), None)
    gift = TagFact(3, 21, 2, False, DAY, None)

    assert standing_tags([coffee, gift, tea], DAY + timedelta(days=2)) == [coffee, gift]


def test_a_tag_ends_at_its_end() -> None:
    short = TagFact(1, 11, 1, False, DAY, DAY + timedelta(days=1))

    assert standing_tags([short], DAY + timedelta(hours=23)) == [short]
    assert standing_tags([short], DAY + timedelta(days=1)) == []


def test_a_tag_that_ended_uncovers_the_one_before_in_an_exclusive_group() -> None:
    first = TagFact(1, 11, 1, True, DAY, None)
    trial = TagFact(2, 12, 1, True, DAY + timedelta(days=1), DAY + timedelta(days=2))

    assert standing_tags([first, trial], DAY + timedelta(days=3)) == [first]
