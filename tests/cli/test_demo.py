"""``huitou demo generate``, then the figures of what it made."""

from __future__ import annotations

from tests.cli.conftest import Run


def test_a_generated_brand_is_made_once(run: Run) -> None:
    # when
    first = run("demo", "generate", "--members", "200", "--brand", "small", "--json")
    second = run("demo", "generate", "--members", "200", "--brand", "small", "--json")
    shops = run("shop", "list", "--brand", "small", "--json").json["shops"]

    # then
    assert first.code == 0, first.err
    made = first.json
    assert (first.code, made["brand"], made["is_new"], made["members"]) == (0, "small", True, 200)
    assert second.json == {**made, "is_new": False}
    assert len(shops) == 5


def test_a_brand_with_other_data_is_left_alone(run: Run) -> None:
    # given
    run("brand", "create", "mine", "--name", "Mine")

    # when
    done = run("demo", "generate", "--members", "200", "--brand", "mine", "--json")

    # then
    assert (done.code, done.json["error"]["code"]) == (2, "BRAND_EXISTS")


def test_a_number_of_members_below_one_is_refused(run: Run) -> None:
    assert run("demo", "generate", "--members", "0").code == 2
