"""``huitou attribute …``: what a brand keeps of its members, and what holds of one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from huitou.cli.ground import Json, ready, show
from huitou.cli.members import MEMBER_NAMES, BrandSlug, named_account, named_brand
from huitou.kernel.errors import RefusedInputError

attribute_app = typer.Typer(
    help="Attributes: define, list, retire, set and show values.", no_args_is_help=True
)
_Code = Annotated[str, typer.Argument(help="Code of the attribute, such as education.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(attribute_app, name="attribute")


@attribute_app.command("define")
def define(
    code: _Code,
    brand: BrandSlug,
    kind: Annotated[str, typer.Option(help="text, integer, decimal, date, boolean or choice.")],
    zh: Annotated[str, typer.Option(help="Label in Chinese.")],
    en: Annotated[str, typer.Option(help="Label in English.")],
    unit: Annotated[str, typer.Option(help="Unit of the values.")] = "",
    choice: Annotated[
        list[str] | None, typer.Option(help="CODE,中文,English; once for each choice.")
    ] = None,
    json: Json = False,
) -> None:
    """Add an attribute; its code never changes."""
    rows = [text.split(",") for text in choice or []]
    if any(len(row) != 3 for row in rows):
        raise RefusedInputError("CHOICES", "Write --choice CODE,中文,English.")
    with ready():
        from huitou.members.attributes import Choice, define_attribute

        made = define_attribute(
            brand_id=named_brand(brand).pk,
            code=code,
            kind=kind,
            label_zh=zh,
            label_en=en,
            unit=unit,
            choices=[Choice(*row) for row in rows],
        )
        show(asdict(made), f"Defined {made.code}.", as_json=json)


@attribute_app.command("list")
def list_attributes(brand: BrandSlug, json: Json = False) -> None:
    """List every attribute of the brand."""
    with ready():
        from huitou.members.attributes import attributes

        found = attributes(named_brand(brand).pk)
    lines = [
        f"{a.code:<24} {a.kind:<8} {a.label_zh} / {a.label_en}"
        + (" (retired)" if a.is_retired else "")
        for a in found
    ]
    show({"attributes": [asdict(a) for a in found]}, "\n".join(lines), as_json=json)


@attribute_app.command("retire")
def retire(
    code: _Code,
    brand: BrandSlug,
    again: Annotated[bool, typer.Option("--use-again", help="Take it into use again.")] = False,
    json: Json = False,
) -> None:
    """Offer an attribute nowhere any more; its values stay."""
    with ready():
        from huitou.members.attributes import retire_attribute

        now = None if again else datetime.now(UTC)
        retire_attribute(brand_id=named_brand(brand).pk, code=code, now=now)
        state = "in use" if again else "retired"
        show({"code": code, "retired": not again}, f"{code} is {state}.", as_json=json)


@attribute_app.command("set")
def set_value(
    member: Annotated[str, typer.Argument(help=MEMBER_NAMES)],
    code: _Code,
    value: Annotated[str, typer.Argument(help="The value; '' says that there is none.")],
    brand: BrandSlug,
    source: Annotated[str, typer.Option(help="declared, staff, imported or inferred.")] = "staff",
    confidence: Annotated[int, typer.Option(help="Per cent.", min=0, max=100)] = 100,
    observed_at: Annotated[
        datetime | None, typer.Option(help="When it was so (UTC); default now.")
    ] = None,
    json: Json = False,
) -> None:
    """Record what a source says of a member."""
    with ready():
        from huitou.members.attribute_values import Said, record_attributes

        owner = named_brand(brand)
        at = observed_at.replace(tzinfo=UTC) if observed_at else None
        done = record_attributes(
            brand_id=owner.pk,
            said=[Said(named_account(owner, member), code, value, at)],
            source=source,
            confidence=confidence,
            now=datetime.now(UTC),
        )
        if done.refused:
            raise RefusedInputError(done.refused[0].code, done.refused[0].message)
        word = "Recorded." if done.recorded else "This was known already."
        show({"recorded": done.recorded}, word, as_json=json)


@attribute_app.command("show")
def show_values(
    member: Annotated[str, typer.Argument(help=MEMBER_NAMES)], brand: BrandSlug, json: Json = False
) -> None:
    """Show what holds of a member, with its source."""
    with ready():
        from huitou.members.attribute_values import current_attributes
        from huitou.members.queries import accounts_of, persons_of

        owner = named_brand(brand)
        account = named_account(owner, member)
        person = persons_of(owner.pk, [account])[account]
        found = current_attributes(owner.pk, accounts_of(owner.pk, [person])).get(person, {})
    lines = [
        f"{code:<24} {said.value}  ({said.source}, {said.confidence} %, "
        f"{said.observed_at:%Y-%m-%d %H:%M})"
        for code, said in sorted(found.items())
    ]
    values = {
        code: {name: value for name, value in asdict(said).items() if name != "id"}
        for code, said in sorted(found.items())
    }
    show({"attributes": values}, "\n".join(lines) or "Nothing is known.", as_json=json)
