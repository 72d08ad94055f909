"""Files fill silence and tighten; what they said goes with an undone import, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from huitou.brands.models import Brand
from huitou.eventlog.models import Event
from huitou.members.consent import Evidence, consents, record_consent
from huitou.members.imported_consent import (
    ConsentColumn,
    record_imported_consents,
    take_back_consents,
)
from huitou.members.models import ConsentEntry, Member
from tests.members.people import NOW, member

LATER = NOW + timedelta(days=1)


def bring(
    brand: Brand, *rows: tuple[Member | None, bool | None], ref: int = 7, channel: str = "email"
) -> list[int]:
    """Import a column of answers; returns the places of the rows that said something new."""
    with transaction.atomic():
        return record_imported_consents(
            brand_id=brand.pk,
            source_ref=ref,
            accounts=np.array([who.pk if who else 0 for who, _ in rows], dtype=np.int64),
            row_nos=np.arange(1, len(rows) + 1),
            columns=[
                ConsentColumn(
                    channel,
                    "Accepts Email Marketing",
                    pa.array([said for _, said in rows], pa.bool_()),
                )
            ],
            now=LATER,
        ).tolist()


def decide(
    brand: Brand, who: Member, decision: str, *, source: str = "card", days: int = 0
) -> None:
    """A decision on marketing by e-mail, so many days before ``NOW``."""
    record_consent(
        brand_id=brand.pk,
        member_ids=[who.pk],
        channel="email",
        purpose="marketing",
        decision=decision,
        source=source,
        evidence=Evidence("card page", "v1"),
        at=NOW - timedelta(days=days),
        now=NOW,
    )


def standing(brand: Brand, who: Member) -> str | None:
    """What holds for marketing by e-mail."""
    found = consents(brand.pk, {who.pk: [who.pk]}).get(who.pk, {}).get(("email", "marketing"))
    return found and found.decision


def test_an_answer_becomes_an_entry_with_its_evidence(brand: Brand) -> None:
    # given
    yes, no, silent = (member(brand) for _ in range(3))

    # when
    new = bring(brand, (yes, True), (no, False), (silent, None), (None, True))

    # then
    assert new == [0, 1]
    found = ConsentEntry.objects.order_by("id")
    assert list(found.values_list("account", "decision", "place")) == [
        (yes.pk, "granted", "import 7, row 1"),
        (no.pk, "withdrawn", "import 7, row 2"),
    ]
    assert set(found.values_list("channel", "purpose", "source", "source_ref", "wording")) == {
        ("email", "marketing", "import", 7, "Accepts Email Marketing")
    }
    assert (standing(brand, yes), standing(brand, no)) == ("granted", "withdrawn")
    assert standing(brand, silent) is None
    told = Event.objects.filter(kind__startswith="members.consent_").order_by("kind")
    assert list(told.values_list("kind", "origin", "subject_ids")) == [
        ("members.consent_granted", "backfill", [yes.pk]),
        ("members.consent_withdrawn", "backfill", [no.pk]),
    ]


@pytest.mark.parametrize(
    ("before", "file", "holds", "entries"),
    [
        ([("granted", "card")], True, "granted", 1),
        ([("granted", "card")], False, "withdrawn", 2),
        ([("withdrawn", "link")], True, "withdrawn", 1),
        ([("withdrawn", "link")], False, "withdrawn", 1),
        ([("withdrawn", "import")], True, "withdrawn", 1),
        ([("granted", "import")], False, "withdrawn", 2),
        ([("withdrawn", "link"), ("granted", "card")], True, "granted", 2),
        ([("withdrawn", "link"), ("granted", "card")], False, "withdrawn", 3),
        ([("granted", "card"), ("withdrawn", "link")], True, "withdrawn", 2),
    ],
)
def test_a_file_fills_silence_and_tightens_and_loosens_nothing(
    brand: Brand, before: list[tuple[str, str]], file: bool, holds: str, entries: int
) -> None:
    # given
    who = member(brand)
    for days, (decision, source) in zip(range(9, 0, -1), before, strict=False):
        decide(brand, who, decision, source=source, days=days)

    # when
    bring(brand, (who, file))

    # then
    assert standing(brand, who) == holds
    assert ConsentEntry.objects.count() == entries


def test_of_several_rows_on_one_account_a_refusal_counts(brand: Brand) -> None:
    who = member(brand)

    new = bring(brand, (who, True), (who, False), (who, False))

    assert new == [1]
    assert ConsentEntry.objects.get().place == "import 7, row 2"


def test_the_same_file_again_says_nothing_new(brand: Brand) -> None:
    yes, no = member(brand), member(brand)
    bring(brand, (yes, True), (no, False))

    assert bring(brand, (yes, True), (no, False), ref=8) == []
    assert ConsentEntry.objects.count() == 2


def test_a_file_without_answers_costs_one_question_and_says_nothing(brand: Brand) -> None:
    assert bring(brand, (member(brand), None)) == []
    assert bring(brand) == []


def test_an_undone_import_takes_back_its_entries_alone(brand: Brand) -> None:
    # given
    who, other = member(brand), member(brand)
    decide(brand, who, "granted", days=2)
    bring(brand, (who, False), ref=7)
    bring(brand, (other, True), ref=8)

    # when
    with transaction.atomic():
        gone = take_back_consents(brand_id=brand.pk, source_ref=7, now=LATER)

    # then
    assert gone == 1
    assert (standing(brand, who), standing(brand, other)) == ("granted", "granted")
    assert Event.objects.get(kind="members.consent_undone").subject_ids == [who.pk]
    with transaction.atomic():
        assert take_back_consents(brand_id=brand.pk, source_ref=7, now=LATER) == 0


@pytest.mark.parametrize(
    "statement",
    [
        "delete from members_consententry where source_ref = 8",
        "delete from members_consententry where source = 'card'",
        "update members_consententry set decision = 'granted'",
    ],
)
def test_while_an_import_is_undone_nothing_else_may_go(brand: Brand, statement: str) -> None:
    # given
    who = member(brand)
    decide(brand, who, "granted", days=2)
    bring(brand, (who, False), ref=8)

    # when / then
    undoing = "select set_config('huitou.undone_import', '7', true)"
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(f"{undoing}; {statement}")


STEPS = st.lists(
    st.tuples(
        st.sampled_from(("import", "card", "link")), st.sampled_from(("granted", "withdrawn"))
    ),
    max_size=6,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS, st.booleans())
def test_what_holds_is_as_if_the_file_had_been_recorded_whole(
    brand: Brand, steps: list[tuple[str, str]], file: bool
) -> None:
    # given two members of the same history
    who, other = member(brand), member(brand)
    for days, (source, decision) in zip(range(9, 0, -1), steps, strict=False):
        for one in (who, other):
            decide(brand, one, decision, source=source, days=days)

    # when one file is recorded sparingly, and the other's entry whatever stands
    bring(brand, (who, file), ref=who.pk)
    record_consent(
        brand_id=brand.pk,
        member_ids=[other.pk],
        channel="email",
        purpose="marketing",
        decision="granted" if file else "withdrawn",
        source="import",
        evidence=Evidence("import", "heading"),
        now=LATER,
    )

    # then
    assert standing(brand, who) == standing(brand, other)
