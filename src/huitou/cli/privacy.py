"""``huitou privacy …``: one person's data, and how long data are kept."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from huitou.cli.ground import Json, ready, say, show
from huitou.kernel.errors import RefusedInputError

privacy_app = typer.Typer(
    help="Personal data: map, export, erase, retention.", no_args_is_help=True
)
Brand = Annotated[str, typer.Option(help="The brand's slug.")]
MemberId = Annotated[str, typer.Argument(metavar="MEMBER", help="The member's public id.")]
Reason = Annotated[str, typer.Option(help="Why; goes on record. Do not name the person.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(privacy_app, name="privacy")


@privacy_app.command("map")
def show_map(json: Json = False) -> None:
    """List every column that holds personal data, and what erasure does to it."""
    with ready():
        from dataclasses import asdict

        from huitou.privacy.queries import personal_columns, retention_rules

        columns = [asdict(row) for row in personal_columns()]
        kept = [asdict(rule) for rule in retention_rules()]
    lines = [f"{c['table']}.{c['column']:<20} {c['category']:<12} {c['erase']}" for c in columns]
    lines += [f"{rule['name']}: {rule['days']} days" for rule in kept]
    show({"columns": columns, "retention": kept}, "\n".join(lines), as_json=json)


@privacy_app.command()
def export(
    member: MemberId,
    brand: Brand,
    reason: Reason,
    output: Annotated[
        Path | None, typer.Option(help="The ZIP to write; default: in the exports folder.")
    ] = None,
    json: Json = False,
) -> None:
    """Write everything known about one person to a ZIP only you can read."""
    with ready():
        from huitou.privacy.exporting import export_member, write_export

        brand_id, member_id = _member(brand, member)
        archive = export_member(
            brand_id=brand_id,
            member_id=member_id,
            reason=reason,
            requested_by_id=None,
            now=datetime.now(UTC),
        )
        path = write_export(archive, brand_id=brand_id, output=output)
    show({"file": str(path), "bytes": len(archive)}, f"Wrote {path}.", as_json=json)


@privacy_app.command()
def erase(
    brand: Brand,
    member: Annotated[str, typer.Argument(metavar="[MEMBER]", help="Public id.")] = "",
    reason: Reason = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show the effect.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with erasures that wait or were cut short.")
    ] = False,
    json: Json = False,
) -> None:
    """Erase one person everywhere; amounts and counts stay."""
    with ready():
        if resume:
            _resume(json)
            return
        from huitou.privacy.services import preview_erasure, request_erasure, run_erasure

        brand_id, member_id = _member(brand, member)
        effect = preview_erasure(brand_id=brand_id, member_id=member_id)
        if dry_run:
            show({"effect": effect.steps}, _effect(effect.steps), as_json=json)
            return
        if not yes:
            say(_effect(effect.steps))
            typer.confirm("Erase this person for good?", abort=True, err=True)
        request = request_erasure(
            brand_id=brand_id,
            member_id=member_id,
            reason=reason,
            requested_by_id=None,
            now=datetime.now(UTC),
        )
        done = run_erasure(request.pk, now=datetime.now(UTC))
        show(_request(done), _outcome(done), as_json=json)


@privacy_app.command()
def retain(json: Json = False) -> None:
    """Remove what is kept no longer; also done every night."""
    with ready():
        from huitou.privacy.retention import retain as run

        removed = run(now=datetime.now(UTC))
    lines = [f"{name}: {count:,}" for name, count in removed.items()]
    show({"removed": removed}, "\n".join(lines), as_json=json)


def _resume(json: bool) -> None:
    from huitou.privacy.services import run_erasure, unfinished_erasures

    done = [run_erasure(number, now=datetime.now(UTC)) for number in unfinished_erasures()]
    text = "\n".join(_outcome(request) for request in done) or "Nothing waits."
    show({"requests": [_request(request) for request in done]}, text, as_json=json)


def _member(brand: str, member: str) -> tuple[int, int]:
    from huitou.brands.queries import brand_by_slug
    from huitou.members.queries import member_by_public_id

    brand_id = brand_by_slug(brand).pk
    try:
        found = member_by_public_id(brand_id, UUID(member))
    except ValueError:
        found = None
    if found is None:
        raise RefusedInputError("NO_MEMBER", "The brand has no member of this public id.")
    return brand_id, found.id


def _request(request: Any) -> dict[str, Any]:
    return {
        "request": request.pk,
        "state": request.state,
        "problem": request.problem,
        "steps_done": request.steps_done,
        "effect": request.effect,
    }


def _outcome(request: Any) -> str:
    if request.problem:
        return f"Request #{request.pk} waits: {request.problem}."
    return f"Request #{request.pk} is done."


def _effect(steps: dict[str, dict[str, int]]) -> str:
    lines = [f"{name}: {count:,}" for found in steps.values() for name, count in found.items()]
    return "\n".join(lines)
