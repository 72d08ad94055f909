"""The consent ledger and the addresses nobody may write to."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from huitou.brands.models import Brand
from huitou.eventlog.models import Event
from huitou.kernel.errors import RefusedInputError
from huitou.members.consent import Evidence, consents, record_consent
from huitou.members.models import ConsentEntry, Member, Suppression
from huitou.members.queries import accounts_of
from huitou.members.suppressions import (
    lift_suppression,
    suppress_addresses,
    suppressed_addresses,
)
from huitou.vault.keyring import new_key
from tests.factories import make_brand
from tests.members.people import NOW, member

PROOF = Evidence(place="card page", wording="v3", note="ticked the box")


def decide(
    brand: Brand,
    who: Member,
    decision: str,
    source: str = "card",
    at: datetime = NOW,
    evidence: Evidence = PROOF,
) -> int:
    """Record a decision on marketing by SMS; returns the number of new entries."""
    return record_consent(
        brand_id=brand.pk,
        member_ids=[who.pk],
        channel="sms",
        purpose="marketing",
        decision=decision,
        source=source,
        evidence=evidence,
        at=at,
        now=NOW,
    )


def holds(brand: Brand, who: Member) -> bool:
    """Whether marketing may go to the member by SMS."""
    found = consents(brand.pk, accounts_of(brand.pk, [who.pk])).get(who.pk, {})
    return ("sms", "marketing") in found and found["sms", "marketing"].is_granted


def test_silence_is_no_consent(brand: Brand) -> None:
    assert not holds(brand, member(brand))


def test_a_grant_keeps_its_proof(brand: Brand) -> None:
    who = member(brand)

    decide(brand, who, "granted")

    found = consents(brand.pk, accounts_of(brand.pk, [who.pk]))[who.pk]["sms", "marketing"]
    assert (found.is_granted, found.at, found.source) == (True, NOW, "card")
    assert (found.place, found.wording, found.note) == ("card page", "v3", "ticked the box")


def test_a_grant_without_proof_is_refused_and_a_withdrawal_needs_none(brand: Brand) -> None:
    who = member(brand)

    with pytest.raises(RefusedInputError) as refused:
        decide(brand, who, "granted", evidence=Evidence(place="card page"))
    decide(brand, who, "withdrawn", evidence=Evidence())

    assert refused.value.code == "EVIDENCE"
    assert [entry.decision for entry in ConsentEntry.objects.all()] == ["withdrawn"]


def test_a_withdrawal_on_one_account_holds_for_the_merged_member(brand: Brand) -> None:
    # given
    one, two = member(brand), member(brand)
    decide(brand, one, "granted")
    decide(brand, two, "withdrawn", at=NOW - timedelta(days=30))

    # when
    Member.objects.filter(pk=two.pk).update(merged_into=one)

    # then
    assert not holds(brand, one)

    # when: the person allows it again, and then the accounts part
    decide(brand, one, "granted", source="staff")
    allowed = holds(brand, one)
    Member.objects.filter(pk=two.pk).update(merged_into=None)

    # then: what the person said holds on both sides
    assert (allowed, holds(brand, one), holds(brand, two)) == (True, True, True)


def test_a_decision_through_a_merged_account_is_the_persons(brand: Brand) -> None:
    one = member(brand)
    two = member(brand, one)
    decide(brand, one, "withdrawn", at=NOW - timedelta(days=1))

    decide(brand, two, "granted")

    assert holds(brand, one)


def test_an_imported_grant_fills_silence_but_lifts_nothing(brand: Brand) -> None:
    silent, gone = member(brand), member(brand)
    decide(brand, gone, "withdrawn", at=NOW - timedelta(days=30))

    decide(brand, silent, "granted", source="import")
    decide(brand, gone, "granted", source="import")

    assert (holds(brand, silent), holds(brand, gone)) == (True, False)


def test_the_same_decision_again_is_known(brand: Brand) -> None:
    who = member(brand)

    assert [decide(brand, who, "granted"), decide(brand, who, "granted")] == [1, 0]
    assert Event.objects.filter(kind="members.consent_granted").count() == 1


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"at": NOW + timedelta(seconds=1)}, "FUTURE"),
        ({"decision": "maybe"}, "CONSENT"),
        ({"source": "rumour"}, "CONSENT"),
        ({"evidence": Evidence("x" * 121, "v1")}, "EVIDENCE_LENGTH"),
    ],
)
def test_decisions_that_make_no_sense_are_refused(
    brand: Brand, changed: dict[str, object], code: str
) -> None:
    values = {"decision": "granted", **changed}

    with pytest.raises(RefusedInputError) as refused:
        decide(brand, member(brand), **values)  # type: ignore[arg-type]

    assert refused.value.code == code
    assert not ConsentEntry.objects.exists()


def test_another_brands_member_is_refused(brand: Brand) -> None:
    with pytest.raises(RefusedInputError) as refused:
        decide(brand, member(make_brand()), "withdrawn")
    assert refused.value.code == "MEMBER"


@pytest.mark.parametrize(
    "statement",
    ["update members_consententry set decision = 'granted'", "delete from members_consententry"],
)
def test_the_database_refuses_to_change_an_entry(brand: Brand, statement: str) -> None:
    decide(brand, member(brand), "withdrawn")

    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        connection.cursor().execute(statement)


def suppress(brand: Brand, *addresses: str, reason: str = "unsubscribed") -> int:
    """Suppress phones."""
    return suppress_addresses(
        brand_id=brand.pk, kind="phone", addresses=addresses, reason=reason, now=NOW
    )


def test_an_address_is_known_in_every_spelling_and_kept_in_none(brand: Brand) -> None:
    # when
    suppress(brand, "138-0013 8001")

    # then
    asked = ["13800138001", "+86 138 0013 8001", "13800138002"]
    assert suppressed_addresses(brand.pk, "phone", asked) == {"13800138001", "+86 138 0013 8001"}
    assert suppressed_addresses(make_brand().pk, "phone", asked) == set()
    digest = bytes(Suppression.objects.get().digest)
    assert len(digest) == 32
    assert b"13800138001" not in digest


def test_the_digest_depends_on_the_key(brand: Brand, monkeypatch: pytest.MonkeyPatch) -> None:
    suppress(brand, "13800138001")

    monkeypatch.setenv("HUITOU_SEAL_KEYS", f"1={new_key()}")
    monkeypatch.setenv("HUITOU_INDEX_KEY", new_key())

    assert suppressed_addresses(brand.pk, "phone", ["13800138001"]) == set()


def test_a_masked_number_is_never_written_to(brand: Brand) -> None:
    assert suppressed_addresses(brand.pk, "phone", ["138****8001"]) == {"138****8001"}
    with pytest.raises(RefusedInputError) as refused:
        suppress(brand, "13800138001", "138****8001")
    assert refused.value.code == "ADDRESS"
    assert not Suppression.objects.exists()


def test_suppressing_again_counts_nothing(brand: Brand) -> None:
    assert [suppress(brand, "13800138001"), suppress(brand, "13800138001", "13800138002")] == [1, 1]


def test_lifting_needs_a_reason_and_leaves_what_was_erased(brand: Brand) -> None:
    suppress(brand, "13800138001")
    suppress(brand, "13800138001", reason="erased")

    with pytest.raises(RefusedInputError) as refused:
        lift_suppression(brand_id=brand.pk, kind="phone", address="13800138001", note=" ", now=NOW)
    lifted = lift_suppression(
        brand_id=brand.pk, kind="phone", address="13800138001", note="asked in shop", now=NOW
    )

    assert (refused.value.code, lifted) == ("NOTE", 1)
    assert suppressed_addresses(brand.pk, "phone", ["13800138001"]) == {"13800138001"}
