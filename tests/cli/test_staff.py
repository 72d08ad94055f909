"""Who may sign in, from the command line."""

from __future__ import annotations

import io

import pytest

from huitou.brands.models import Brand, Staff
from tests.cli.conftest import Run


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password comes from standard input."""
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))


def test_a_person_gets_roles_and_can_sign_in(run: Run, brand: Brand) -> None:
    done = run("staff", "create", "linxi", "--role", f"{brand.slug}:operator", "--json")

    assert (done.code, done.json) == (
        0,
        {"username": "linxi", "name": "", "roles": {brand.slug: "operator"}},
    )
    assert Staff.objects.get(username="linxi").check_password("correct horse battery")


@pytest.mark.parametrize("role", ["operator", "nowhere:operator", "{brand}:king"])
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
