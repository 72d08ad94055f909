"""Manners of the command line: exit codes, and JSON alone on standard output."""

from __future__ import annotations

import json

from huitou.config.postgres import Cluster
from tests.config.conftest import Huitou


def test_commands_work_without_up_and_leave_nothing_running(
    huitou: Huitou, cluster: Cluster
) -> None:
    # when
    brand = huitou(
        "brand",
        "create",
        "qing",
        "--name",
        "青禾",
        "--time-zone",
        "UTC",
        "--currency",
        "USD",
        "--json",
    )
    shop = huitou("shop", "create", "tb", "--brand", "qing", "--platform", "taobao", "--json")
    pinned = huitou("brand", "pin", "qing", "--as-of", "2018-01-01", "--json")
    shops = huitou("shop", "list", "--json")

    # then
    expected = {
        "slug": "qing", "name": "青禾", "time_zone": "UTC", "currency": "USD",
        "second_factor": False,
    }  # fmt: skip
    shop_row = {"brand": "qing", "slug": "tb", "name": "tb", "platform": "taobao"}
    assert json.loads(brand.stdout) == {**expected, "pinned_as_of": None}
    assert json.loads(shop.stdout) == shop_row
    assert json.loads(pinned.stdout) == {**expected, "pinned_as_of": "2018-01-01"}
    assert json.loads(shops.stdout) == {"shops": [shop_row]}
    assert [r.stderr for r in (brand, shop, pinned, shops)] == ["", "", "", ""]
    assert [r.returncode for r in (brand, shop, pinned, shops)] == [0, 0, 0, 0]
    assert not cluster.running()


def test_refused_input_ends_with_2_and_a_sentence(huitou: Huitou) -> None:
    # when
    done = huitou("shop", "create", "tb", "--brand", "nobody", "--platform", "taobao", "--json")

    # then
    message = "There is no brand 'nobody'; known: none yet."
    assert done.returncode == 2
    assert done.stderr == f"Error: {message}\n"
    assert json.loads(done.stdout) == {"error": {"code": "UNKNOWN_BRAND", "message": message}}


def test_wrong_option_ends_with_2(huitou: Huitou) -> None:
    # when
    done = huitou("brand", "create", "--nonsense")

    # then
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "Error: No such option: --nonsense\n"


def test_failure_ends_with_1_and_no_traceback(huitou: Huitou, cluster: Cluster) -> None:
    # given
    cluster.start()
    cluster.stop()
    (cluster.data / "PG_VERSION").write_text("17\n")

    # when
    done = huitou("brand", "list")

    # then
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
    assert "Traceback" not in done.stderr


def test_status_starts_nothing(huitou: Huitou, cluster: Cluster) -> None:
    # when
    status = json.loads(huitou("status", "--json").stdout)

    # then
    assert (status["running"], status["database_running"]) == (False, False)
    assert not cluster.data.exists()
