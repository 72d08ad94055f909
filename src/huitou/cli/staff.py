"""``huitou staff …``: who may sign in, and as what."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show
from huitou.kernel.errors import RefusedInputError

if TYPE_CHECKING:
    from huitou.brands.models import Staff

staff_app = typer.Typer(
    help="Staff: create, list, roles, passwords, locked accounts.", no_args_is_help=True
)
Name = Annotated[str, typer.Argument(help="What the person types to sign in.")]
Roles = Annotated[
    list[str],
    typer.Option(
        help="BRAND:ROLE or BRAND:ROLE:SHOP; owner, operator, analyst, agent, finance or "
        "developer. May be given several times.",
    ),
]
GroupRoles = Annotated[
    list[str], typer.Option(help="GROUP:ROLE: in every brand of the group. May be repeated.")
]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(staff_app, name="staff")


@staff_app.command("create")
def create_staff(
    username: Name,
    role: Roles = [],  # noqa: B006 -- read only; typer needs a list
    group_role: GroupRoles = [],  # noqa: B006
    name: Annotated[str, typer.Option(help="The name people read.")] = "",
    json: Json = False,
) -> None:
    """Create a person; the password is asked for, or read from standard input."""
    if not role and not group_role:
        raise RefusedInputError("ROLE", "Give at least one --role or --group-role.")
    parts = [_parts(text, 3, "--role BRAND:ROLE[:SHOP]") for text in role]
    group_parts = [_parts(text, 2, "--group-role GROUP:ROLE") for text in group_role]
    password = _password()
    with ready():
        from huitou.brands import staffing

        staff = staffing.create_staff(
            username=username,
            password=password,
            grants=[staffing.Grant(*part) for part in parts],
            group_grants=[staffing.GroupGrant(*part) for part in group_parts],
            display_name=name,
        )
        show(_staff(staff), f"Created {staff.username}.", as_json=json)


@staff_app.command("roles")
def set_roles(
    username: Name,
    role: Roles = [],  # noqa: B006 -- read only; typer needs a list
    group_role: GroupRoles = [],  # noqa: B006
    none: Annotated[bool, typer.Option("--none", help="Take every role away.")] = False,
    json: Json = False,
) -> None:
    """Replace all roles of a person by those given."""
    if none == bool(role or group_role):
        raise RefusedInputError("ROLE", "Give --role or --group-role, or else --none.")
    parts = [_parts(text, 3, "--role BRAND:ROLE[:SHOP]") for text in role]
    group_parts = [_parts(text, 2, "--group-role GROUP:ROLE") for text in group_role]
    with ready():
        from huitou.brands import staffing
        from huitou.brands.queries import staff_by_name

        staff = staff_by_name(username)
        staffing.set_all_roles(
            staff=staff,
            grants=[staffing.Grant(*part) for part in parts],
            group_grants=[staffing.GroupGrant(*part) for part in group_parts],
        )
        show(_staff(staff), f"{username} has new roles.", as_json=json)


@staff_app.command("password")
def set_password(username: Name, json: Json = False) -> None:
    """Set a new password; it is asked for, or read from standard input."""
    password = _password()
    with ready():
        from huitou.brands.queries import staff_by_name
        from huitou.brands.staffing import set_staff_password

        staff = staff_by_name(username)
        set_staff_password(staff=staff, password=password)
        show(_staff(staff), f"{staff.username} has a new password.", as_json=json)


@staff_app.command("deactivate")
def deactivate(
    username: Name,
    undo: Annotated[bool, typer.Option("--undo", help="Let the person sign in again.")] = False,
    json: Json = False,
) -> None:
    """Let a person no longer sign in; their sessions end at once."""
    with ready():
        from huitou.brands.queries import staff_by_name
        from huitou.brands.staffing import set_active

        staff = staff_by_name(username)
        set_active(staff=staff, active=undo)
        text = "may sign in again" if undo else "can no longer sign in"
        show(_staff(staff), f"{username} {text}.", as_json=json)


@staff_app.command("unlock")
def unlock(username: Name, json: Json = False) -> None:
    """Forget the failed attempts of an account, so that it need not wait."""
    with ready():
        from huitou.brands.lockouts import unlock as forget
        from huitou.brands.queries import staff_by_name

        staff = staff_by_name(username)
        found = forget(username=staff.username, staff_id=staff.pk)
        text = "is unlocked" if found else "was not locked"
        show(_staff(staff), f"{username} {text}.", as_json=json)


@staff_app.command("reset-2fa")
def reset_second_factor(username: Name, json: Json = False) -> None:
    """Forget a person's authenticator and recovery codes; their sessions end."""
    with ready():
        from huitou.brands.queries import staff_by_name
        from huitou.brands.second_factor import remove_second_factor
        from huitou.brands.sessions import end_sessions

        staff = staff_by_name(username)
        found = remove_second_factor(staff=staff)
        end_sessions(staff=staff)
        text = "signs in without a code now" if found else "had no second factor"
        show(_staff(staff), f"{username} {text}.", as_json=json)


@staff_app.command("list")
def list_staff(json: Json = False) -> None:
    """List who may sign in."""
    with ready():
        from huitou.brands.models import Staff

        rows = [_staff(staff) for staff in Staff.objects.order_by("username")]
    lines = [
        f"{r['username']:<20} {'active' if r['active'] else 'inactive':<9}"
        f" {'2FA' if r['second_factor'] else '   '}"
        f" {', '.join(r['roles'] + r['group_roles']) or ('all brands' if r['superuser'] else '-')}"
        for r in rows
    ]
    show({"staff": rows}, "\n".join(lines), as_json=json)


def _parts(text: str, most: int, form: str) -> list[str]:
    found = text.split(":")
    if not 2 <= len(found) <= most or not all(found):
        raise RefusedInputError("ROLE", f"Write {form}, such as mybrand:operator.")
    return found


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True))
    return sys.stdin.readline().rstrip("\n")


def _staff(staff: Staff) -> dict[str, Any]:
    from huitou.brands.second_factor import has_second_factor

    roles = staff.roles.select_related("brand", "shop").order_by("brand__slug", "shop__slug")
    groups = staff.group_roles.select_related("group").order_by("group__slug")
    return {
        "username": staff.username,
        "name": staff.display_name,
        "active": staff.is_active,
        "superuser": staff.is_superuser,
        "second_factor": has_second_factor(staff),
        "roles": [
            f"{r.brand.slug}:{r.role}" + (f":{r.shop.slug}" if r.shop else "") for r in roles
        ],
        "group_roles": [f"{r.group.slug}:{r.role}" for r in groups],
    }
