"""``huitou refresh``."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated

import typer

from huitou.cli.ground import Json, ready, say, show


def register(root: typer.Typer) -> None:
    """Add the command to ``root``."""
    root.command()(refresh)


def refresh(
    brand: Annotated[str, typer.Option(help="The brand's slug.")],
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Default: the brand's pinned date, else today."),
    ] = None,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Drop the lake first and project everything again.")
    ] = False,
    json: Json = False,
) -> None:
    """Bring the lake up to date and compute the figures the console shows."""
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.insight import services
        from huitou.lake import switch

        done = services.refresh(
            brand_by_slug(brand).pk,
            as_of=as_of.date() if as_of else None,
            rebuild=rebuild,
            progress=_say_step,
        )
    show(
        asdict(done),
        f"{done.brand} as of {done.as_of}: {done.members:,} members, {done.buyers:,} buyers, "
        f"{done.orders:,} purchases. Engine: {switch.described()}.",
        as_json=json,
    )


def _say_step(step: str, done: int, total: int | None) -> None:
    say(f"{step}: {done:,}" + (f" of {total:,}" if total else ""))
