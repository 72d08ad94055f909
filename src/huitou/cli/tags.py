"""``huitou tag …``: groups, tags, and putting them on members."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from huitou.cli.ground import Json, ready, show
from huitou.cli.members import MEMBER_NAMES, BrandSlug, named_account, named_brand
from huitou.kernel.errors import RefusedInputError

if TYPE_CHECKING:
    from huitou.brands.models import Brand
    from huitou.members.tags import Changed

tag_app = typer.Typer(help="Tags: groups, create, list, put, remove, undo.", no_args_is_help=True)
_Name = Annotated[str, typer.Argument(help="GROUP/TAG, as `huitou tag list` shows them.")]
_Members = Annotated[list[str] | None, typer.Option("--member", help=MEMBER_NAMES)]
_File = Annotated[
    Path | None,
    typer.Option("--members-file", help="Public ids of members, one a line.", dir_okay=False),
]
_Reason = Annotated[str, typer.Option(help="Kept with the change.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(tag_app, name="tag")


@tag_app.command("group")
def create_group(
    name: Annotated[str, typer.Argument(help="Name of the group.")],
    brand: BrandSlug,
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="A member carries one of its tags at most.")
    ] = False,
    json: Json = False,
) -> None:
    """Create a group of tags."""
    with ready():
        from huitou.members.tags import create_tag_group

        made = create_tag_group(brand_id=named_brand(brand).pk, name=name, is_exclusive=exclusive)
        show({"id": made, "name": name}, f"Created the group {name}.", as_json=json)


@tag_app.command("create")
def create(name: _Name, brand: BrandSlug, json: Json = False) -> None:
    """Create a tag in a group that exists."""
    group_name, _slash, tag_name = name.partition("/")
    with ready():
        from huitou.members.tags import create_tag, tag_groups

        owner = named_brand(brand)
        group = next((g for g in tag_groups(owner.pk) if g.name == group_name), None)
        if group is None:
            raise RefusedInputError("GROUP", f"{brand} has no group {group_name!r}.")
        made = create_tag(brand_id=owner.pk, group_id=group.id, name=tag_name)
        show({"id": made, "name": name}, f"Created {name}.", as_json=json)


@tag_app.command("list")
def list_tags(brand: BrandSlug, json: Json = False) -> None:
    """List groups and tags with the number of accounts that carry each."""
    with ready():
        from huitou.members.tags import tag_groups

        found = tag_groups(named_brand(brand).pk, counted=True)
    lines = [f"{g.name}/{t.name:<24} {t.members:>9,}" for g in found for t in g.tags]
    show({"groups": [asdict(g) for g in found]}, "\n".join(lines), as_json=json)


@tag_app.command("put")
def put(
    name: _Name,
    brand: BrandSlug,
    member: _Members = None,
    members_file: _File = None,
    until: Annotated[datetime | None, typer.Option(help="Last moment, UTC.")] = None,
    reason: _Reason = "",
    json: Json = False,
) -> None:
    """Put a tag on members; in an exclusive group it replaces the other."""
    with ready():
        from huitou.members.tags import Act, put_tag

        owner = named_brand(brand)
        done = put_tag(
            brand_id=owner.pk,
            tag_id=_tag(owner, name),
            member_ids=_accounts(owner, member, members_file),
            act=Act(source="staff", now=datetime.now(UTC), reason=reason),
            until=until.replace(tzinfo=UTC) if until else None,
        )
        _show_change(done, as_json=json)


@tag_app.command("remove")
def remove(
    name: _Name,
    brand: BrandSlug,
    member: _Members = None,
    members_file: _File = None,
    reason: _Reason = "",
    json: Json = False,
) -> None:
    """Remove a tag from members."""
    with ready():
        from huitou.members.tags import Act, remove_tag

        owner = named_brand(brand)
        done = remove_tag(
            brand_id=owner.pk,
            tag_id=_tag(owner, name),
            member_ids=_accounts(owner, member, members_file),
            act=Act(source="staff", now=datetime.now(UTC), reason=reason),
        )
        _show_change(done, as_json=json)


@tag_app.command("undo")
def undo(
    change: Annotated[int, typer.Argument(help="Number of the change, as put and remove tell.")],
    brand: BrandSlug,
    reason: _Reason = "",
    json: Json = False,
) -> None:
    """Take a change back: tags are again as they were."""
    with ready():
        from huitou.members.tags import Act, undo_tag_change

        done = undo_tag_change(
            brand_id=named_brand(brand).pk,
            change_id=change,
            act=Act(source="staff", now=datetime.now(UTC), reason=reason),
        )
        _show_change(done, as_json=json)


def _tag(brand: Brand, name: str) -> int:
    from huitou.members.tags import tag_groups

    found = {f"{g.name}/{t.name}": t.id for g in tag_groups(brand.pk) for t in g.tags}
    if name not in found:
        raise RefusedInputError("TAG", f"{brand.slug} has no tag {name!r}; write GROUP/TAG.")
    return found[name]


def _accounts(brand: Brand, names: list[str] | None, file: Path | None) -> list[int]:
    """The accounts named one by one or in a file. Refuses when there are none or one is unknown."""
    from huitou.members.queries import ids_by_public_id

    found = [named_account(brand, name) for name in names or []]
    if file is not None:
        try:
            ids = {UUID(line.strip()) for line in file.read_text().splitlines() if line.strip()}
        except (OSError, ValueError) as error:
            raise RefusedInputError("MEMBERS_FILE", f"{file}: {error}") from error
        listed = ids_by_public_id(brand.pk, ids)
        if len(listed) != len(ids):
            raise RefusedInputError(
                "MEMBER", f"{len(ids) - len(listed)} of {len(ids)} ids are none of {brand.slug}."
            )
        found += listed
    if not found:
        raise RefusedInputError("NOBODY", "Name members with --member or --members-file.")
    return found


def _show_change(done: Changed, *, as_json: bool) -> None:
    text = (
        f"Change {done.change_id}: {done.accounts:,} accounts."
        if done.change_id
        else "Nothing changed."
    )
    show(asdict(done), text, as_json=as_json)
