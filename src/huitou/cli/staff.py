"""``huitou staff …``: who may sign in, and as what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show
from huitou.kernel.errors import RefusedInputError

if TYPE_CHECKING:
    from huitou.brands.models import Staff

staff_app = typer.Typer(help="Staff: create, list, set a password.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(staff_app, name="staff")


@staff_app.command("create")
def create_staff(
    username: Annotated[str, typer.Argument(help="What the person types to sign in.")],
    role: Annotated[
        list[str],
        typer.Option(
            help="BRAND:ROLE; owner, operator, analyst, agent, finance or "
            "developer. May be given several times."
        ),
    ],
    name: Annotated[str, typer.Option(help="The name people read.")] = "",
    json: Json = False,
) -> None:
    """Create a person; the password is asked for, or read from standard input."""
    pairs = [part.partition(":") for part in role]
    if any(not brand or not code for brand, _, code in pairs):
        raise RefusedInputError("ROLE", "Write --role BRAND:ROLE, such as mybrand:operator.")
    password = _password()
    with ready():
        from huitou.brands.services import create_staff as create

        staff = create(
            username=username,
            password=password,
            roles={brand: code for brand, _, code in pairs},
            display_name=name,
        )
        show(_staff(staff), f"Created {staff.username}.", as_json=json)


@staff_app.command("password")
def set_password(
    username: Annotated[str, typer.Argument()],
    json: Json = False,
) -> None:
    """Set a new password; it is asked for, or read from standard input."""
    password = _password()
    with ready():
        from huitou.brands.services import set_staff_password

        staff = set_staff_password(username=username, password=password)
        show(_staff(staff), f"{staff.username} has a new password.", as_json=json)


@staff_app.command("list")
def list_staff(json: Json = False) -> None:
    """List who may sign in."""
    with ready():
        from huitou.brands.models import Staff

        rows = [_staff(staff) for staff in Staff.objects.order_by("username")]
    lines = [f"{r['username']:<20} {r['roles'] or 'all brands'}" for r in rows]
    show({"staff": rows}, "\n".join(lines), as_json=json)


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _staff(staff: Staff) -> dict[str, Any]:
    roles = {role.brand.slug: role.role for role in staff.roles.select_related("brand")}
    return {"username": staff.username, "name": staff.display_name, "roles": roles}
