"""Attributes, tags and consent from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from huitou.brands.models import Brand
from huitou.members.models import ConsentEntry, Member, Suppression
from tests.cli.conftest import Run
from tests.members.people import member


@pytest.fixture
def who(brand: Brand) -> Member:
    """A member with a public id that tests can name."""
    return Member.objects.get(pk=member(brand).pk)


def test_an_attribute_is_defined_set_and_shown(run: Run, brand: Brand, who: Member) -> None:
    # when
    defined = run(
        "attribute", "define", "drink", "--brand", brand.slug, "--kind", "choice", "--zh", "饮品",
        "--en", "Drink", "--choice", "tea,茶,Tea", "--choice", "coffee,咖啡,Coffee", "--json",
    )  # fmt: skip
    recorded = run(
        "attribute", "set", who.public_id.hex, "drink", "茶", "--brand", brand.slug,
        "--source", "declared", "--observed-at", "2026-05-01 04:00:00", "--json",
    )  # fmt: skip
    shown = run("attribute", "show", who.public_id.hex, "--brand", brand.slug, "--json")
    listed = run("attribute", "list", "--brand", brand.slug)

    # then
    assert (defined.code, defined.json["code"], recorded.json) == (0, "drink", {"recorded": 1})
    assert shown.json == {
        "attributes": {
            "drink": {
                "value": "tea",
                "source": "declared",
                "confidence": 100,
                "observed_at": "2026-05-01 04:00:00+00:00",
            }
        }
    }
    assert listed.out == "drink                    choice   饮品 / Drink\n"


def test_a_value_that_does_not_fit_is_refused(run: Run, brand: Brand, who: Member) -> None:
    run("attribute", "define", "n", "--brand", brand.slug, "--kind", "integer", "--zh", "数",
        "--en", "N")  # fmt: skip

    done = run("attribute", "set", who.public_id.hex, "n", "many", "--brand", brand.slug, "--json")

    assert (done.code, done.json["error"]["code"]) == (2, "INTEGER")


def test_a_retired_attribute_comes_back(run: Run, brand: Brand) -> None:
    run("attribute", "define", "n", "--brand", brand.slug, "--kind", "text", "--zh", "数",
        "--en", "N")  # fmt: skip

    states = [
        run("attribute", "retire", "n", "--brand", brand.slug, *more, "--json").json["retired"]
        for more in ((), ("--use-again",))
    ]

    assert states == [True, False]
    assert run("attribute", "retire", "other", "--brand", brand.slug).code == 2


def test_a_tag_is_put_listed_and_taken_back(
    run: Run, brand: Brand, who: Member, tmp_path: Path
) -> None:
    # given
    others = [member(brand), member(brand)]
    file = tmp_path / "members.txt"
    ids = Member.objects.filter(pk__in=[o.pk for o in others]).values_list("public_id", flat=True)
    file.write_text("\n".join(str(one) for one in ids))
    run("tag", "group", "Habits", "--brand", brand.slug, "--exclusive")
    run("tag", "create", "Habits/gift", "--brand", brand.slug)

    # when
    put = run(
        "tag", "put", "Habits/gift", "--brand", brand.slug, "--member", who.public_id.hex,
        "--members-file", file, "--json",
    )  # fmt: skip
    listed = run("tag", "list", "--brand", brand.slug, "--json").json["groups"]
    undone = run("tag", "undo", str(put.json["change_id"]), "--brand", brand.slug, "--json")
    removed = run("tag", "remove", "Habits/gift", "--brand", brand.slug, "--members-file", file)

    # then
    assert put.json["accounts"] == 3
    assert [(g["name"], g["is_exclusive"], g["tags"][0]["members"]) for g in listed] == [
        ("Habits", True, 3)
    ]
    assert undone.json["accounts"] == 3
    assert removed.out == "Nothing changed.\n"


@pytest.mark.parametrize(
    ("name", "lines", "code"),
    [
        ("Habits/none", "", "TAG"),
        ("Habits/gift", "", "NOBODY"),
        ("Habits/gift", "x", "MEMBERS_FILE"),
        ("Habits/gift", "00000000-0000-0000-0000-000000000001", "MEMBER"),
    ],
)
def test_a_wrong_tag_or_member_is_refused(
    run: Run, brand: Brand, tmp_path: Path, name: str, lines: str, code: str
) -> None:
    file = tmp_path / "members.txt"
    file.write_text(lines)
    run("tag", "group", "Habits", "--brand", brand.slug)
    run("tag", "create", "Habits/gift", "--brand", brand.slug)

    done = run("tag", "put", name, "--brand", brand.slug, "--members-file", file, "--json")

    assert (done.code, done.json["error"]["code"]) == (2, code)


def test_a_decision_is_recorded_with_proof_and_shown(run: Run, brand: Brand, who: Member) -> None:
    # when
    bare = run("consent", "record", who.public_id.hex, "granted", "--brand", brand.slug,
               "--channel", "sms", "--json")  # fmt: skip
    full = run("consent", "record", who.public_id.hex, "granted", "--brand", brand.slug,
               "--channel", "sms", "--place", "counter", "--wording", "v3",
               "--at", "2026-05-01 04:00:00", "--json")  # fmt: skip
    shown = run("consent", "show", who.public_id.hex, "--brand", brand.slug, "--json")

    # then
    assert (bare.code, bare.json["error"]["code"]) == (2, "EVIDENCE")
    assert full.json == {"recorded": 1}
    assert shown.json["consents"] == [
        {
            "channel": "sms",
            "purpose": "marketing",
            "decision": "granted",
            "at": "2026-05-01 04:00:00+00:00",
            "source": "staff",
            "place": "counter",
            "wording": "v3",
            "note": "",
            "staff": "",
        }
    ]
    assert ConsentEntry.objects.count() == 1


def test_an_address_is_suppressed_checked_and_freed(run: Run, brand: Brand) -> None:
    options = ("--brand", brand.slug, "--kind", "phone", "--json")

    suppressed = run("consent", "suppress", "13800138001", *options)
    checked = run("consent", "check", "+8613800138001", "13800138002", *options)
    lifted = run("consent", "lift", "13800138001", "--note", "asked in shop", *options)

    assert (suppressed.json, checked.json, lifted.json) == (
        {"suppressed": 1},
        {"suppressed": ["+8613800138001"]},
        {"lifted": 1},
    )
    assert run("consent", "check", "13800138001", *options).json == {"suppressed": []}
    assert Suppression.objects.count() == 1
