"""Numbers are written by one table, on the server and in the browser alike."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.utils import translation

from huitou.ui import numbers

HERE = Path(__file__).parent
TABLE = json.loads((HERE / "number_cases.json").read_text(encoding="utf-8"))
MODULE = HERE.parents[1] / "web" / "src" / "numbers.js"
WRITERS = {
    "money": lambda value, currency: numbers.money_parts(value, currency),
    "money_compact": lambda value, currency: numbers.money_parts(value, currency, compact=True),
    "count": lambda value, currency: numbers.count_parts(value),
    "count_compact": lambda value, currency: numbers.count_parts(value, compact=True),
    "percent": lambda value, currency: numbers.percent_parts(value),
}
SCRIPT = """
import { readFileSync } from "node:fs";
import { count, money, percent } from "%(module)s";
const table = JSON.parse(readFileSync("%(table)s", "utf8"));
const writers = {
  money: (v, w) => money(v, w),
  money_compact: (v, w) => money(v, w, true),
  count: (v, w) => count(v, w),
  count_compact: (v, w) => count(v, w, true),
  percent: (v) => percent(v),
};
console.log(JSON.stringify(table.cases.map(([l, k, v]) => writers[k](v, table.words[l]))));
"""


@pytest.mark.parametrize(("language", "kind", "value", "written"), TABLE["cases"])
def test_a_number_is_written_as_the_table_says(
    language: str, kind: str, value: float, written: str
) -> None:
    # when
    with translation.override(language):
        text = str(WRITERS[kind](value, TABLE["currency"][language]))

    # then
    assert text == written


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_the_browser_writes_the_same(tmp_path: Path) -> None:
    # given
    script = tmp_path / "table.mjs"
    paths = {"module": MODULE.as_uri(), "table": HERE / "number_cases.json"}
    script.write_text(SCRIPT % paths, encoding="utf-8")

    # when
    done = subprocess.run(["node", str(script)], capture_output=True, text=True, check=True)

    # then
    assert json.loads(done.stdout) == [case[3] for case in TABLE["cases"]]


def test_a_currency_of_no_decimals_has_none() -> None:
    assert str(numbers.money_parts(1234, "JPY")) == "¥1,234"


def test_a_currency_without_a_sign_shows_its_code() -> None:
    assert str(numbers.money_parts(1234, "CHF")) == "CHF 12.34"


def test_a_missing_figure_is_a_dash() -> None:
    assert str(numbers.kind_parts(None, "money", "CNY")) == "–"


@pytest.mark.parametrize(
    ("value", "before", "kind", "direction", "text"),
    [
        (103.6, 100, "count", "rise", "3.6%"),
        (98.5, 100, "money", "fall", "1.5%"),
        (100, 100, "number", "flat", "0.0%"),
        (0.716, 0.708, "ratio", "rise", "0.8pp"),
        (0.5, 0.0, "ratio", "rise", "50.0pp"),
        (5, -10, "money", "rise", "150.0%"),
        (1_099, 100, "money", "rise", "999.0%"),
        (1_100, 100, "money", "rise", ">999%"),
    ],
)
def test_a_change_has_direction_and_size(
    value: float, before: float, kind: numbers.Kind, direction: str, text: str
) -> None:
    assert numbers.change(value, before, kind) == numbers.Change(direction, text)  # type: ignore[arg-type]


@pytest.mark.parametrize(("value", "before"), [(None, 3), (3, None), (3, 0)])
def test_nothing_to_compare_with_is_no_change(value: float | None, before: float | None) -> None:
    assert numbers.change(value, before, "count") is None
