"""The consent ledger: what members allowed, for which purpose, with proof. Entries stay for ever.

What holds for a member is ``standing.standing_consent``: nothing a merge or an import brings ever
loosens what a person said.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction

from huitou.eventlog.services import append
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import (
    Channel,
    ConsentEntry,
    ConsentSource,
    Decision,
    Purpose,
)
from huitou.members.ownership import Accounts, accounts_of_persons, owners
from huitou.members.standing import ConsentFact, standing_consent

# (channel, purpose)
Matter = tuple[str, str]
_TEXT_MAX = {"place": 120, "wording": 40, "note": 200}


@dataclass(frozen=True)
class Evidence:
    """Proof of a decision: where it was made, which text was shown, what was said.

    ``place``: page, shop or form; ``wording``: version of the text the person agreed to.
    """

    place: str = ""
    wording: str = ""
    note: str = ""


@dataclass(frozen=True)
class Consent:
    """What holds for one channel and purpose, with its proof."""

    decision: str
    at: datetime
    source: str
    place: str
    wording: str
    note: str
    staff: str

    @property
    def is_granted(self) -> bool:
        """Whether messages of the purpose may go through the channel."""
        return self.decision == Decision.GRANTED


@transaction.atomic
def record_consent(
    *,
    brand_id: int,
    member_ids: Collection[int],
    channel: str,
    purpose: str,
    decision: str,
    source: str,
    now: datetime,
    at: datetime | None = None,
    evidence: Evidence | None = None,
    staff_id: int | None = None,
    source_ref: int | None = None,
) -> int:
    """Record a decision of each member; returns how many entries are new.

    A person's own decision is recorded for all their accounts, an imported one for the account the
    file names. The same decision again changes nothing. Raises ``RefusedInputError`` with the code
    ``CONSENT`` (unknown word), ``FUTURE``, ``EVIDENCE`` (a grant without place and wording),
    ``EVIDENCE_LENGTH`` or ``MEMBER``.
    """
    proof = evidence or Evidence()
    decided_at = at or now
    _check(channel, purpose, decision, source)
    if decided_at > now:
        raise RefusedInputError("FUTURE", "A decision cannot be from after now.")
    _check_evidence(decision, proof)
    accounts = accounts_of_persons(brand_id, member_ids)
    if source == ConsentSource.IMPORT:
        accounts = sorted(set(member_ids))
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "brand": brand_id,
                "accounts": accounts,
                "channel": channel,
                "purpose": purpose,
                "decision": decision,
                "at": decided_at,
                "source": source,
                "ref": source_ref,
                "place": proof.place.strip(),
                "wording": proof.wording.strip(),
                "note": proof.note.strip(),
                "staff": staff_id,
            },
        )
        new = [row[0] for row in cursor.fetchall()]
    append(
        brand_id=brand_id,
        kind=f"members.consent_{decision}",
        subject_ids=new,
        occurred_at=decided_at,
        origin="backfill" if source == ConsentSource.IMPORT else "live",
        payload={"channel": channel, "purpose": purpose, "source": source},
    )
    return len(new)


_INSERT = """
insert into members_consententry
  (brand_id, account_id, channel, purpose, decision, at, source, source_ref, place, wording, note,
   staff_id)
select %(brand)s, account, %(channel)s, %(purpose)s, %(decision)s, %(at)s, %(source)s, %(ref)s,
  %(place)s, %(wording)s, %(note)s, %(staff)s
from unnest(%(accounts)s::bigint[]) as account
on conflict do nothing
returning account_id
"""


def _check(channel: str, purpose: str, decision: str, source: str) -> None:
    for word, known in (
        (channel, Channel.values),
        (purpose, Purpose.values),
        (decision, Decision.values),
        (source, ConsentSource.values),
    ):
        if word not in known:
            raise RefusedInputError("CONSENT", f"{word!r} is not one of: {', '.join(known)}.")


def _check_evidence(decision: str, proof: Evidence) -> None:
    if decision == Decision.GRANTED and not (proof.place.strip() and proof.wording.strip()):
        raise RefusedInputError(
            "EVIDENCE",
            "A grant needs proof: where it was given and the version of the text agreed to.",
        )
    for name, limit in _TEXT_MAX.items():
        if len(getattr(proof, name)) > limit:
            raise RefusedInputError(
                "EVIDENCE_LENGTH", f"The {name} has at most {limit} characters."
            )


def consents(brand_id: int, accounts: Accounts) -> dict[int, dict[Matter, Consent]]:
    """What holds for each member by (channel, purpose); matters never decided are left out."""
    member_of = owners(accounts)
    rows = ConsentEntry.objects.filter(brand_id=brand_id, account_id__in=list(member_of))
    facts: dict[tuple[int, Matter], list[ConsentFact]] = {}
    proofs: dict[int, tuple[str, str, str, str]] = {}
    for pk, account, channel, purpose, decision, at, source, *proof in rows.values_list(
        "id", "account_id", "channel", "purpose", "decision", "at", "source",
        "place", "wording", "note", "staff__username",
    ):  # fmt: skip
        fact = ConsentFact(pk, account, decision, at, source)
        facts.setdefault((member_of[account], (channel, purpose)), []).append(fact)
        proofs[pk] = (proof[0], proof[1], proof[2], proof[3] or "")
    result: dict[int, dict[Matter, Consent]] = {}
    for (member, matter), heard in facts.items():
        standing = standing_consent(heard)
        assert standing is not None
        result.setdefault(member, {})[matter] = Consent(
            standing.decision, standing.at, standing.source, *proofs[standing.id]
        )
    return result
