"""``huitou consent …``: record and show decisions; addresses nobody may write to."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from huitou.cli.ground import Json, ready, show
from huitou.cli.members import MEMBER_NAMES, BrandSlug, named_account, named_brand

consent_app = typer.Typer(
    help="Consent: record and show decisions, suppress addresses.", no_args_is_help=True
)
_Member = Annotated[str, typer.Argument(help=MEMBER_NAMES)]
_Kind = Annotated[str, typer.Option(help="phone or email.")]
_Address = Annotated[str, typer.Argument(help="A whole phone number or e-mail address.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(consent_app, name="consent")


@consent_app.command("record")
def record(
    member: _Member,
    decision: Annotated[str, typer.Argument(help="granted or withdrawn.")],
    brand: BrandSlug,
    channel: Annotated[str, typer.Option(help="sms, email, wechat, phone, app or post.")],
    purpose: Annotated[str, typer.Option(help="marketing, service or profiling.")] = "marketing",
    source: Annotated[str, typer.Option(help="staff, card, link, reply, api or import.")] = "staff",
    place: Annotated[str, typer.Option(help="Where: page, shop or form.")] = "",
    wording: Annotated[str, typer.Option(help="Version of the text shown.")] = "",
    note: Annotated[str, typer.Option(help="Anything else that proves it.")] = "",
    at: Annotated[datetime | None, typer.Option(help="When (UTC); default now.")] = None,
    json: Json = False,
) -> None:
    """Record what a member decided; a grant needs place and wording."""
    with ready():
        from huitou.members.consent import Evidence, record_consent

        owner = named_brand(brand)
        new = record_consent(
            brand_id=owner.pk,
            member_ids=[named_account(owner, member)],
            channel=channel,
            purpose=purpose,
            decision=decision,
            source=source,
            evidence=Evidence(place, wording, note),
            at=at.replace(tzinfo=UTC) if at else None,
            now=datetime.now(UTC),
        )
        text = "Recorded." if new else "This was known already."
        show({"recorded": new}, text, as_json=json)


@consent_app.command("show")
def show_consent(member: _Member, brand: BrandSlug, json: Json = False) -> None:
    """Show what holds for a member; matters never decided are not listed."""
    with ready():
        from huitou.members.consent import consents
        from huitou.members.queries import accounts_of, persons_of

        owner = named_brand(brand)
        account = named_account(owner, member)
        person = persons_of(owner.pk, [account])[account]
        found = consents(owner.pk, accounts_of(owner.pk, [person])).get(person, {})
    rows = [
        {"channel": channel, "purpose": purpose, **asdict(consent)}
        for (channel, purpose), consent in sorted(found.items())
    ]
    lines = [
        f"{r['channel']:<8} {r['purpose']:<10} {r['decision']:<10} {r['at']:%Y-%m-%d %H:%M} "
        f"{r['source']} {r['place']} {r['wording']} {r['note']}".rstrip()
        for r in rows
    ]
    text = "\n".join(lines) or "The member never decided anything."
    show({"consents": rows}, text, as_json=json)


@consent_app.command("suppress")
def suppress(
    address: Annotated[list[str], typer.Argument(help="Whole phone numbers or e-mail addresses.")],
    brand: BrandSlug,
    kind: _Kind,
    reason: Annotated[str, typer.Option(help="unsubscribed, complaint or erased.")] = (
        "unsubscribed"
    ),
    json: Json = False,
) -> None:
    """Let nobody write to addresses; only their keyed digest is kept."""
    with ready():
        from huitou.members.suppressions import suppress_addresses

        new = suppress_addresses(
            brand_id=named_brand(brand).pk,
            kind=kind,
            addresses=address,
            reason=reason,
            now=datetime.now(UTC),
        )
        show({"suppressed": new}, f"Suppressed {new}.", as_json=json)


@consent_app.command("check")
def check(
    address: Annotated[list[str], typer.Argument(help="Phone numbers or e-mail addresses.")],
    brand: BrandSlug,
    kind: _Kind,
    json: Json = False,
) -> None:
    """Tell which addresses nobody may write to."""
    with ready():
        from huitou.members.suppressions import suppressed_addresses

        found = suppressed_addresses(named_brand(brand).pk, kind, address)
        closed = [one for one in address if one in found]
        show({"suppressed": closed}, "\n".join(closed) or "None of them.", as_json=json)


@consent_app.command("lift")
def lift(
    address: _Address,
    brand: BrandSlug,
    kind: _Kind,
    note: Annotated[str, typer.Option(help="Why people may write again.")],
    json: Json = False,
) -> None:
    """Let people write to an address again; what was erased stays closed."""
    with ready():
        from huitou.members.suppressions import lift_suppression

        ended = lift_suppression(
            brand_id=named_brand(brand).pk,
            kind=kind,
            address=address,
            note=note,
            now=datetime.now(UTC),
        )
        show({"lifted": ended}, f"Lifted {ended}.", as_json=json)
