"""Who may sign in, from the command line."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pytest

from huitou.brands.lockouts import account_door, claim_attempt
from huitou.brands.models import Brand, Shop, Staff, StaffRole
from huitou.brands.second_factor import begin_set_up
from huitou.brands.services import create_group
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes from standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))


def test_a_person_gets_roles_and_can_sign_in(run: Run, brand: Brand) -> None:
    done = run("staff", "create", "linxi", "--role", f"{brand.slug}:operator", "--json")

    assert (done.code, done.json) == (
        0,
        {
            "username": "linxi",
            "name": "",
            "active": True,
            "superuser": False,
            "second_factor": False,
            "roles": [f"{brand.slug}:operator"],
            "group_roles": [],
        },
    )
    assert Staff.objects.get(username="linxi").check_password("correct horse battery")


@pytest.mark.parametrize(
    "role", ["operator", "nowhere:operator", "{brand}:king", "{brand}:agent:nowhere"]
)
def test_an_unknown_role_or_brand_creates_nobody(run: Run, brand: Brand, role: str) -> None:
    done = run("staff", "create", "linxi", "--role", role.format(brand=brand.slug))

    assert done.code == 2
    assert not Staff.objects.filter(username="linxi").exists()


def test_a_new_password_replaces_the_old_one(run: Run, staff: Staff) -> None:
    done = run("staff", "password", staff.username)

    staff.refresh_from_db()
    assert done.code == 0
    assert staff.check_password("correct horse battery")


def test_a_weak_password_is_refused(
    run: Run, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("12345\n"))

    assert run("staff", "password", staff.username).code == 2
    staff.refresh_from_db()
    assert staff.check_password("password")


def test_roles_may_be_limited_to_shops_and_given_for_groups(run: Run, shop: Shop) -> None:
    # given
    create_group(slug="house", name="House")

    # when
    done = run(
        "staff", "create", "linxi", "--role", f"{shop.brand.slug}:agent:{shop.slug}",
        "--group-role", "house:analyst", "--json",
    )  # fmt: skip

    # then
    assert (done.json["roles"], done.json["group_roles"]) == (
        [f"{shop.brand.slug}:agent:{shop.slug}"],
        ["house:analyst"],
    )


def test_roles_are_replaced_and_taken_away(run: Run, shop: Shop, staff: Staff) -> None:
    # given
    create_group(slug="house", name="House")
    role = f"{shop.brand.slug}:analyst:{shop.slug}"

    # when
    given = run(
        "staff", "roles", staff.username, "--role", role, "--group-role", "house:finance", "--json"
    )
    refused = run("staff", "roles", staff.username, "--role", "nowhere:agent")
    unclear = run("staff", "roles", staff.username)
    kept = StaffRole.objects.get(staff=staff).role
    taken = run("staff", "roles", staff.username, "--none", "--json")

    # then
    assert (given.json["roles"], given.json["group_roles"]) == ([role], ["house:finance"])
    assert (refused.code, unclear.code, kept) == (2, 2, "analyst")
    assert (taken.json["roles"], taken.json["group_roles"]) == ([], [])


def test_a_person_is_shut_out_and_let_in_again(run: Run, staff: Staff) -> None:
    # when
    shut = run("staff", "deactivate", staff.username, "--json")
    opened = run("staff", "deactivate", staff.username, "--undo", "--json")

    # then
    assert (shut.json["active"], opened.json["active"]) == (False, True)


def test_a_locked_account_is_unlocked(run: Run, staff: Staff) -> None:
    # given
    claim_attempt(account_door(staff.username), now=datetime(2026, 1, 1, tzinfo=UTC))

    # then
    assert "is unlocked" in run("staff", "unlock", staff.username).out
    assert "was not locked" in run("staff", "unlock", staff.username).out


def test_a_second_factor_is_reset(run: Run, staff: Staff) -> None:
    # given
    begin_set_up(staff=staff)

    # then
    assert "without a code" in run("staff", "reset-2fa", staff.username).out
    assert "had no second factor" in run("staff", "reset-2fa", staff.username).out


@pytest.mark.parametrize("command", ["password", "deactivate", "unlock", "reset-2fa"])
def test_an_unknown_person_is_refused(run: Run, command: str) -> None:
    assert run("staff", command, "nobody").code == 2
