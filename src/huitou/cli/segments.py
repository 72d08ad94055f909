"""``huitou segment …``: what rules find, for terminals and scripts."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show

segment_app = typer.Typer(help="Audiences by rule.", no_args_is_help=True)

BrandName = Annotated[str, typer.Option("--brand", help="The brand's slug.")]
RuleFile = Annotated[Path, typer.Option("--rule", help="The rule: a YAML or JSON file.")]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Default: the day of the figures."),
]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(segment_app, name="segment")


@segment_app.command()
def preview(brand: BrandName, rule: RuleFile, as_of: AsOf = None, json: Json = False) -> None:
    """How many members a rule finds, what they spent, and the rule in words."""
    data = _rule(rule)
    with ready():
        from huitou.brands.queries import brand_by_slug
        from huitou.segments.previews import preview as look

        found = look(brand_by_slug(brand), data, as_of=as_of.date() if as_of else None)
    text = (
        f"{found.sentence_zh}\n{found.sentence_en}\n"
        f"{found.members:,} of {found.of_members:,} members as of {found.as_of}, {found.ms} ms"
    )
    show(asdict(found), text, as_json=json)


def _rule(path: Path) -> Any:
    """The data of a rule file. Raises ``RefusedInputError``: ``RULE_FILE``."""
    import yaml

    from huitou.kernel.errors import RefusedInputError

    try:
        return yaml.safe_load(path.read_text("utf-8-sig"))
    except OSError as error:
        raise RefusedInputError("RULE_FILE", f"{path} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise RefusedInputError("RULE_FILE", f"{path} is no YAML or JSON: {error}") from None
