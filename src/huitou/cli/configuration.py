"""``huitou config …``: what an operator sets up, as text files to review, copy and apply."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from huitou.cli.ground import Json, ready, say, show

if TYPE_CHECKING:
    from huitou.brands.configuration_files import Change

config_app = typer.Typer(
    help="Segments, tags and attributes as text files: export, diff, apply.", no_args_is_help=True
)
BrandName = Annotated[str, typer.Option("--brand", help="The brand's slug.")]
Folder = Annotated[Path, typer.Argument(help="The folder of the files.", file_okay=False)]
Prune = Annotated[
    bool, typer.Option("--prune", help="Archive what the folder lacks; without, it stays.")
]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(config_app, name="config")


@config_app.command()
def export(
    brand: BrandName,
    out: Annotated[Path, typer.Option(help="Made when it is not there.", file_okay=False)],
    json: Json = False,
) -> None:
    """Write what the brand has set up, a YAML file for each."""
    with ready():
        from huitou.brands.configuration_files import export as write
        from huitou.brands.queries import brand_by_slug

        written, others = write(brand_by_slug(brand), out)
    if others:
        say(f"Not in the brand, left alone: {', '.join(others)}")
    text = f"{len(written):,} files in {out}"
    show({"files": written, "others": others}, text, as_json=json)


@config_app.command()
def diff(brand: BrandName, folder: Folder, prune: Prune = False, json: Json = False) -> None:
    """What applying the folder would add, change and archive."""
    with ready():
        from huitou.brands.configuration_files import changes, read_folder
        from huitou.brands.queries import brand_by_slug

        found = changes(brand_by_slug(brand), read_folder(folder), prune=prune)
    _show(found, as_json=json)


@config_app.command()
def apply(
    brand: BrandName,
    folder: Folder,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Do it all, tell, and take it back.")
    ] = False,
    prune: Prune = False,
    json: Json = False,
) -> None:
    """Make the brand have what the folder says: all of it, or nothing where anything is wrong."""
    with ready():
        from django.utils import timezone

        from huitou.brands.configuration_files import apply as make
        from huitou.brands.configuration_files import read_folder
        from huitou.brands.queries import brand_by_slug

        found = make(
            brand_by_slug(brand),
            read_folder(folder),
            now=timezone.now(),
            prune=prune,
            dry_run=dry_run,
        )
    _show(found, as_json=json)


def _show(found: Sequence[Change], *, as_json: bool) -> None:
    acts = ("add", "change", "archive", "keep")
    counts = {act: sum(change.act == act for change in found) for act in acts}
    told = [line for change in found for line in change.told()]
    told.append(
        f"{counts['add']} added, {counts['change']} changed, {counts['archive']} archived,"
        f" {counts['keep']} only in the brand"
    )
    listed = [{"act": change.act, "file": change.file} for change in found]
    show({"changes": listed, **counts}, "\n".join(told), as_json=as_json)
