"""``huitou privacy`` and ``huitou keys``."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.members.models import Member
from tests.cli.conftest import Run

# What the door keeps for a while.
MESSAGES = ("api_incominghook", "api_parkedmessage", "api_delivery")


@pytest.fixture
def member(brand: Brand) -> Member:
    """A member with a name."""
    return Member.objects.create(brand=brand, name="沈知夏", phone="19900000001")


def test_the_map_lists_columns_and_days(run: Run) -> None:
    found = run("privacy", "map", "--json").json
    row = next(c for c in found["columns"] if c["column"] == "phone")
    assert (row["table"], row["category"], row["erase"]) == ("members_member", "contact", "null")
    assert {rule["name"]: rule["days"] for rule in found["retention"]} == {
        **dict.fromkeys(MESSAGES, 90),
        "ingest_quarantinedrow": 540,
        "exports": 7,
        "uploads": 90,
    }


def test_export_writes_a_zip(run: Run, brand: Brand, member: Member, tmp_path: Path) -> None:
    output = tmp_path / "mine.zip"
    done = run(
        "privacy", "export", str(member.public_id), "--brand", brand.slug,
        "--reason", "本人要求", "--output", output, "--json",
    )  # fmt: skip
    assert done.json["file"] == str(output)
    assert "members_member.csv" in zipfile.ZipFile(output).namelist()


def test_a_dry_run_changes_nothing(run: Run, brand: Brand, member: Member) -> None:
    done = run(
        "privacy", "erase", str(member.public_id), "--brand", brand.slug, "--dry-run", "--json"
    )
    assert done.json == {"effect": {"records": {"members_member": 1}}}
    assert Member.objects.get().name == "沈知夏"


def test_erase_empties_the_member(run: Run, brand: Brand, member: Member) -> None:
    done = run(
        "privacy", "erase", str(member.public_id), "--brand", brand.slug,
        "--reason", "本人要求", "--yes", "--json",
    )  # fmt: skip
    assert (done.code, done.json["state"]) == (0, "done")
    assert done.json["steps_done"] == [
        "receivers", "records", "files", "exports", "lake", "logs",
    ]  # fmt: skip
    after = Member.objects.get()
    assert (after.name, after.phone) == ("", None)
    assert after.public_id != member.public_id
    assert run("privacy", "erase", "--brand", brand.slug, "--resume", "--json").json == {
        "requests": []
    }


@pytest.mark.parametrize("wanted", ["nobody", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_member_is_refused(run: Run, brand: Brand, wanted: str) -> None:
    done = run("privacy", "erase", wanted, "--brand", brand.slug, "--dry-run", "--json")
    assert (done.code, done.json["error"]["code"]) == (2, "NO_MEMBER")


def test_retain_says_what_went(run: Run) -> None:
    assert run("privacy", "retain", "--json").json == {
        "removed": dict.fromkeys((*MESSAGES, "ingest_quarantinedrow", "exports", "uploads"), 0)
    }


def test_keys_are_listed_rotated_and_resealed(run: Run) -> None:
    # given
    (first,) = run("keys", "list", "--json").json["keys"]

    # when
    second = run("keys", "rotate", "--json").json["current"]

    # then
    listed = run("keys", "list", "--json").json["keys"]
    assert [(key["id"], key["current"]) for key in listed] == [(first["id"], False), (second, True)]
    assert run("keys", "reseal", "--json").json == {"resealed": 0, "current": second}
