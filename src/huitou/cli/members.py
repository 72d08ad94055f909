"""``huitou members …``: who is one person, why, and saying otherwise."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show
from huitou.kernel.errors import RefusedInputError

if TYPE_CHECKING:
    from huitou.brands.models import Brand

members_app = typer.Typer(
    help="Members: explain, merge, split, and what waits for an answer.", no_args_is_help=True
)
_Brand = Annotated[str, typer.Option(help="Slug of the brand.")]
_NAMES = "A member number (eight digits or more), or KIND:VALUE such as buyer_nick:小夏."


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(members_app, name="members")


@members_app.command("explain")
def explain_member(
    member: Annotated[str, typer.Argument(help=_NAMES)], brand: _Brand, json: Json = False
) -> None:
    """Tell which accounts are this person, by which keys and decisions."""
    with ready():
        from huitou.members.explanation import explain
        from huitou.members.queries import persons_of

        owner = _brand(brand)
        account = _account(owner, member)
        found = explain(owner.pk, persons_of(owner.pk, [account])[account])
        numbers = {account.id: account.number for account in found.accounts}
        lines = [
            f"{a.number}  {a.platform:<12} {a.kind} {a.value}  {a.name}" for a in found.accounts
        ]
        lines += [
            f"  {key.kind} {key.value} {key.name}: "
            + ", ".join(numbers[account_id] for account_id in key.account_ids)
            for key in found.keys
        ]
        lines += [
            f"  {edge.at:%Y-%m-%d %H:%M} {edge.verdict}: {numbers.get(edge.a_id, '?')} and "
            f"{numbers.get(edge.b_id, '?')}, by {edge.actor or edge.rule} {edge.reason}".rstrip()
            for edge in found.evidence
        ]
        show(asdict(found), "\n".join(lines), as_json=json)


@members_app.command("merge")
def merge_members(
    member: Annotated[list[str], typer.Argument(help=f"Two or more. {_NAMES}")],
    brand: _Brand,
    reason: Annotated[str, typer.Option(help="Kept with the evidence.")] = "",
    json: Json = False,
) -> None:
    """Make members one person; ``split`` takes it back."""
    with ready():
        from huitou.members.decisions import merge

        owner = _brand(brand)
        person = merge(
            brand_id=owner.pk,
            member_ids=[_account(owner, name) for name in member],
            reason=reason,
            actor_id=None,
            now=datetime.now(UTC),
        )
        _show_person(owner, person, as_json=json)


@members_app.command("split")
def split_member(
    account: Annotated[list[str], typer.Argument(help=f"The accounts that leave. {_NAMES}")],
    brand: _Brand,
    reason: Annotated[str, typer.Option(help="Kept with the evidence.")] = "",
    json: Json = False,
) -> None:
    """Part accounts from the other accounts of their person, whatever keys they share."""
    with ready():
        from huitou.members.decisions import split

        owner = _brand(brand)
        person = split(
            brand_id=owner.pk,
            account_ids=[_account(owner, name) for name in account],
            reason=reason,
            actor_id=None,
            now=datetime.now(UTC),
        )
        _show_person(owner, person, as_json=json)


@members_app.command("suggest")
def suggest_members(brand: _Brand, json: Json = False) -> None:
    """Look for accounts that may be one person; the console shows them for an answer."""
    with ready():
        from huitou.members.suggesting import suggest_members as look

        done = look(_brand(brand).pk)
        text = f"{done.accounts} accounts compared; {done.open} pairs wait for an answer."
        show({"accounts": done.accounts, "open": done.open}, text, as_json=json)


@members_app.command("review")
def review_members(brand: _Brand, json: Json = False) -> None:
    """List suggestions, conflicting customers and keys that stopped merging."""
    with ready():
        from huitou.members import explanation

        owner = _brand(brand)
        found: dict[str, Any] = {
            "suggestions": [asdict(s) for s in explanation.open_suggestions(owner.pk, limit=100)],
            "conflicts": [asdict(c) for c in explanation.open_conflicts(owner.pk, limit=100)],
            "overused": [asdict(k) for k in explanation.overused_keys(owner.pk)],
        }
        lines = [
            f"suggestion {s['id']}: members {s['a_person']} and {s['b_person']},"
            f" {s['probability']:.0%}"
            for s in found["suggestions"]
        ]
        lines += [
            f"conflict {c['id']}: {c['kind']} {c['value']} is also called {c['name']}"
            for c in found["conflicts"]
        ]
        lines += [
            f"{k['kind']} {k['value']} is on {k['accounts']} accounts and merges nobody"
            for k in found["overused"]
        ]
        show(found, "\n".join(lines) or "Nothing waits for an answer.", as_json=json)


@members_app.command("policy")
def member_policy(
    brand: _Brand,
    merge_by: Annotated[
        str | None, typer.Option(help="Kinds of key, with commas, or `none`; shows them if absent.")
    ] = None,
    accounts_max: Annotated[
        int | None, typer.Option(help="A key on more accounts than this merges nobody.")
    ] = None,
    json: Json = False,
) -> None:
    """Show or set which keys merge accounts; setting finds every person anew."""
    with ready():
        from huitou.members.decisions import set_policy
        from huitou.members.unification import policy_of

        owner = _brand(brand)
        policy = policy_of(owner.pk)
        if merge_by is not None or accounts_max is not None:
            wanted = sorted(policy.kinds) if merge_by is None else merge_by.split(",")
            set_policy(
                brand_id=owner.pk,
                kinds=[kind.strip() for kind in wanted if kind.strip() not in ("", "none")],
                accounts_max=accounts_max or policy.accounts_max,
                now=datetime.now(UTC),
            )
            policy = policy_of(owner.pk)
        kinds = sorted(policy.kinds)
        text = f"{', '.join(kinds) or 'nothing'} merge, on up to {policy.accounts_max} accounts."
        show({"merge_by": kinds, "accounts_max": policy.accounts_max}, text, as_json=json)


def _brand(slug: str) -> Brand:
    from huitou.brands.queries import brand_by_slug

    return brand_by_slug(slug)


def _account(brand: Brand, text: str) -> int:
    """The one account ``text`` names. Raises ``RefusedInputError`` for none or several."""
    from huitou.members.queries import accounts_named

    found = accounts_named(brand.pk, text)
    if not found:
        raise RefusedInputError("UNKNOWN_MEMBER", f"{brand.slug} has no member {text!r}. {_NAMES}")
    if len(found) > 1:
        raise RefusedInputError("AMBIGUOUS", f"{text!r} names several members: give more digits.")
    return found[0]


def _show_person(brand: Brand, person: int, *, as_json: bool) -> None:
    from huitou.members.explanation import explain

    found = explain(brand.pk, person)
    own = found.accounts[0]
    text = f"Member {own.number} has {len(found.accounts)} accounts now."
    show(
        {"member": str(own.public_id), "accounts": [str(a.public_id) for a in found.accounts]},
        text,
        as_json=as_json,
    )
