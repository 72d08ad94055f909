"""``huitou demo …``: the two brands to look at."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.ground import Json, ready, say, show

if TYPE_CHECKING:
    from huitou.demo.services import Loaded

demo_app = typer.Typer(
    help="Demo brands: load the real one, generate another.", no_args_is_help=True
)


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(demo_app, name="demo")


@demo_app.command("load")
def load(json: Json = False) -> None:
    """Load the brand `demo`: real baskets of 2,469 households. Harmless when repeated."""
    with ready():
        from huitou.demo import services

        loaded = services.load_complete_journey(say)
    _show(loaded, as_json=json)


@demo_app.command("generate")
def generate(
    members: Annotated[int, typer.Option(min=1, help="How many members.")] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people.")] = 1,
    brand: Annotated[str, typer.Option(help="Slug of the brand to create.")] = "qinghe",
    json: Json = False,
) -> None:
    """Generate a brand with five Chinese shops and three years of orders, labelled as generated."""
    with ready():
        from huitou.demo import services

        loaded = services.generate(members=members, seed=seed, slug=brand, say=say)
    _show(loaded, as_json=json)


def _show(loaded: Loaded, *, as_json: bool) -> None:
    state = "loaded" if loaded.is_new else "was there already"
    text = f"{loaded.brand} {state}: {loaded.members} members, {loaded.orders} orders."
    show(asdict(loaded), text, as_json=as_json)
