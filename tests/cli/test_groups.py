"""``huitou group …``."""

from __future__ import annotations

from huitou.brands.access import access_by_brand, second_factor_required
from huitou.brands.models import Brand, GroupRole, Role
from tests.cli.conftest import Run
from tests.factories import make_brand, make_staff


def test_a_group_is_made_of_brands_and_its_people_reach_them(run: Run, brand: Brand) -> None:
    # given
    other = make_brand()

    # when
    made = run("group", "create", "house", "--name", "House", "--json")
    run("group", "add-brand", "house", brand.slug)
    filled = run("group", "add-brand", "house", other.slug, "--json")
    listed = run("group", "list", "--json")

    # then
    assert (made.json["slug"], made.json["brands"]) == ("house", [])
    assert [one["slug"] for one in filled.json["brands"]] == sorted([brand.slug, other.slug])
    assert listed.json["groups"] == [filled.json]
    staff = make_staff()
    GroupRole.objects.create(
        staff=staff, group=Brand.objects.get(pk=brand.pk).group, role=Role.OPERATOR
    )
    assert access_by_brand(staff).keys() == {brand.pk, other.pk}

    # and left again
    left = run("group", "add-brand", "house", other.slug, "--remove", "--json")
    assert [one["slug"] for one in left.json["brands"]] == [brand.slug]
    assert access_by_brand(staff).keys() == {brand.pk}


def test_a_brand_is_not_taken_from_another_group(run: Run, brand: Brand) -> None:
    # given
    for slug in ("house", "yard"):
        run("group", "create", slug, "--name", slug)
    run("group", "add-brand", "house", brand.slug)

    # when
    taken = run("group", "add-brand", "yard", brand.slug, "--json")
    removed = run("group", "add-brand", "yard", brand.slug, "--remove", "--json")
    nowhere = run("group", "add-brand", "nowhere", brand.slug, "--json")
    again = run("group", "add-brand", "house", brand.slug)

    # then
    assert (taken.code, taken.json["error"]["code"]) == (2, "OTHER_GROUP")
    assert (removed.code, removed.json["error"]["code"]) == (2, "NOT_IN_GROUP")
    assert (nowhere.code, nowhere.json["error"]["code"]) == (2, "UNKNOWN_GROUP")
    assert again.code == 0
    brand.refresh_from_db()
    assert brand.group is not None
    assert brand.group.slug == "house"


def test_a_second_factor_is_asked_of_a_whole_group(run: Run, brand: Brand) -> None:
    # given
    apart = make_brand()
    run("group", "create", "house", "--name", "House")
    run("group", "add-brand", "house", brand.slug)
    inside, outside = make_staff(brand), make_staff(apart)

    # when
    asked = run("group", "require-2fa", "house", "--json")

    # then
    assert [one["second_factor"] for one in asked.json["brands"]] == [True]
    assert second_factor_required(inside)
    assert not second_factor_required(outside)
    assert "(2FA)" in run("group", "list").out

    # and no longer
    run("group", "require-2fa", "house", "--off")
    assert not second_factor_required(inside)


def test_a_second_factor_is_asked_of_one_brand(run: Run, brand: Brand) -> None:
    asked = run("brand", "require-2fa", brand.slug, "--json")
    inside = make_staff(brand)
    is_asked = second_factor_required(inside)
    off = run("brand", "require-2fa", brand.slug, "--off", "--json")

    assert (asked.json["second_factor"], is_asked, off.json["second_factor"]) == (True, True, False)
