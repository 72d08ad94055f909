"""``huitou group …``: brands under one roof."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show

if TYPE_CHECKING:
    from huitou.brands.models import Group

group_app = typer.Typer(
    help="Groups of brands: create, fill, ask for a second factor.", no_args_is_help=True
)

Slug = Annotated[str, typer.Argument(help="The group's slug.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(group_app, name="group")


@group_app.command("create")
def create_group(
    slug: Annotated[str, typer.Argument(help="Lower-case letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="The name people read.")],
    json: Json = False,
) -> None:
    """Create a group."""
    with ready():
        from huitou.brands import services

        group = services.create_group(slug=slug, name=name)
        show(_group(group), f"Created group {group.slug} ({group.name}).", as_json=json)


@group_app.command("add-brand")
def add_brand(
    slug: Slug,
    brand: Annotated[str, typer.Argument(help="The brand's slug.")],
    remove: Annotated[bool, typer.Option("--remove", help="Take it out of the group.")] = False,
    json: Json = False,
) -> None:
    """Put a brand into a group: people with a role in the group have it there from now on."""
    with ready():
        from huitou.brands import services
        from huitou.brands.queries import brand_by_slug, group_by_slug

        group, chosen = group_by_slug(slug), brand_by_slug(brand)
        if remove:
            services.take_brand_out_of_group(brand=chosen, group=group)
        else:
            services.put_brand_into_group(brand=chosen, group=group)
        text = "is no brand of" if remove else "is a brand of"
        show(_group(group), f"{brand} {text} {slug} now.", as_json=json)


@group_app.command("list")
def list_groups(json: Json = False) -> None:
    """List the groups with their brands."""
    with ready():
        from huitou.brands.queries import all_groups

        rows = [_group(group) for group in all_groups()]
    lines = [
        f"{r['slug']:<20} {r['name']:<20}"
        f" {', '.join(b['slug'] + (' (2FA)' if b['second_factor'] else '') for b in r['brands'])}"
        for r in rows
    ]
    show({"groups": rows}, "\n".join(lines) or "No groups yet.", as_json=json)


@group_app.command("require-2fa")
def require_second_factor(
    slug: Slug,
    off: Annotated[bool, typer.Option("--off", help="Ask for it no longer.")] = False,
    json: Json = False,
) -> None:
    """Let everybody of every brand of the group sign in with a second factor."""
    with ready():
        from huitou.brands import services
        from huitou.brands.queries import group_by_slug

        group = group_by_slug(slug)
        brand_ids = group.brands.values_list("id", flat=True)
        services.require_second_factor(brand_ids=list(brand_ids), required=not off)
        text = "no longer ask for" if off else "ask for"
        show(_group(group), f"The brands of {slug} {text} a second factor.", as_json=json)


def _group(group: Group) -> dict[str, Any]:
    return {
        "slug": group.slug,
        "name": group.name,
        "brands": [
            {"slug": brand.slug, "name": brand.name, "second_factor": brand.two_factor_required}
            for brand in group.brands.order_by("slug")
        ],
    }
