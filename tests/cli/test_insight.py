"""``huitou refresh`` and ``huitou insight …`` on four members whose figures fit in one's head.

The commands run in this process, through the same entry as ``huitou``; only the database is the
tests' own.
"""

from __future__ import annotations

import csv
import json
import signal
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from huitou.brands.models import Brand, Shop
from huitou.cli import entry, insight, refresh
from huitou.insight.traits import TRAITS
from tests.factories import make_shop
from tests.insight.histories import CATEGORIES, GOODS, Bought, make_members, store

GROUPS = (
    ("privileged", "特权客户", "Privileged"),
    ("main_development", "主要发展", "Main development"),
    ("important_value", "重要价值", "Important value"),
    ("important_win_back", "重要挽留", "Important to win back"),
    ("regular_upkeep", "定期维护", "Regular upkeep"),
    ("key_upkeep", "重点维护", "Key upkeep"),
    ("general_upkeep", "一般维护", "General upkeep"),
    ("no_value", "毫无价值", "No value"),
)
HANGZHOU, SHENZHEN = ("浙江省", "杭州市"), ("广东省", "深圳市")
# As of 2024-06-30 the members have R, F, M of (0, 2, 150.00), (60, 1, 20.00), (381, 1, 400.00).
HISTORY = [
    Bought(1, 0, 0, date(2024, 6, 20), 10_000, quantity=2, place=HANGZHOU, categories=("茶具",)),
    Bought(2, 0, 0, date(2024, 6, 30), 5_000, place=HANGZHOU),
    Bought(3, 0, 1, date(2024, 5, 1), 3_000, refunded_minor=1_000, place=SHENZHEN),
    Bought(4, 0, 2, date(2023, 6, 15), 40_000),
    Bought(5, 0, 0, date(2024, 7, 1), 77_700),  # after the as-of date
    Bought(6, 1, None, date(2024, 6, 25), 1_000),  # nobody known
    Bought(7, 0, 1, date(2024, 6, 26), 900, refunded_minor=900),  # wholly refunded
]


@dataclass(frozen=True)
class Done:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON object it must be."""
        return json.loads(self.out)


Huitou = Callable[..., Done]


@pytest.fixture
def huitou(
    brand: Brand,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Huitou]:
    """Runs a command on ``brand``, which has ``HISTORY``."""
    shops = [make_shop(brand, slug="tmall"), make_shop(brand, slug="jd")]
    store(brand, shops, make_members(brand, 4), HISTORY)
    for module in (insight, refresh):
        monkeypatch.setattr(module, "ready", nullcontext)
    handler = signal.getsignal(signal.SIGTERM)

    def run(*arguments: str, of: str = brand.slug) -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            entry.main([*arguments, "--brand", of])
        said = capsys.readouterr()
        return Done(int(ended.value.code or 0), said.out, said.err)

    yield run
    signal.signal(signal.SIGTERM, handler)


def groups_of(done: Done) -> dict[str, tuple[int, int]]:
    """The groups that have members, with members and sales."""
    return {
        g["code"]: (g["members"], g["sales_minor"]) for g in done.json["groups"] if g["members"]
    }


def test_refresh_tells_what_it_did(huitou: Huitou, brand: Brand) -> None:
    # when
    done = huitou("refresh", "--as-of", "2024-06-30", "--rebuild", "--json")

    # then
    assert done.code == 0
    assert done.json == {
        "brand": brand.slug,
        "as_of": "2024-06-30",
        "members": 4,
        "buyers": 3,
        "orders": 5,
        "rows": {
            "order_fact": 7,
            "line_fact": 1,
            "product_dim": len(CATEGORIES) + len(GOODS),
            "member_dim": 4,
            "member_alias": 0,
            "review_fact": 0,
            "touch_fact": 0,
        },
    }


def test_rfm_has_exactly_the_promised_keys(huitou: Huitou) -> None:
    # when
    done = huitou("insight", "rfm", "--as-of", "2024-06-30", "--json")

    # then
    counted = {
        "regular_upkeep": (1, 15_000),
        "main_development": (1, 2_000),
        "key_upkeep": (1, 40_000),
    }
    assert (done.code, done.err) == (0, "")
    assert done.json == {
        "as_of": "2024-06-30",
        "thresholds": {"recency_days": 147.0, "frequency": 4 / 3, "monetary_minor": 19_000.0},
        "groups": [
            {
                "code": code,
                "label_zh": zh,
                "label_en": en,
                "members": counted.get(code, (0, 0))[0],
                "sales_minor": counted.get(code, (0, 0))[1],
            }
            for code, zh, en in GROUPS
        ],
    }


@pytest.mark.parametrize(
    ("options", "lines", "groups"),
    [
        (
            ("--threshold", "median"),
            (60.0, 1.0, 15_000.0),
            {
                "privileged": (1, 15_000),
                "regular_upkeep": (1, 2_000),
                "important_win_back": (1, 40_000),
            },
        ),
        (
            ("--threshold", "q60"),
            (124.2, 1.2, 20_000.0),
            {
                "regular_upkeep": (1, 15_000),
                "main_development": (1, 2_000),
                "key_upkeep": (1, 40_000),
            },
        ),
        (
            ("--threshold", "60,2,15000"),
            (60.0, 2.0, 15_000.0),
            {
                "privileged": (1, 15_000),
                "main_development": (1, 2_000),
                "key_upkeep": (1, 40_000),
            },
        ),
        (
            ("--amount", "average"),
            (147.0, 4 / 3, 16_500.0),
            {
                "regular_upkeep": (1, 15_000),
                "main_development": (1, 2_000),
                "key_upkeep": (1, 40_000),
            },
        ),
        (("--window-days", "30"), (0.0, 2.0, 15_000.0), {"privileged": (1, 15_000)}),
        (("--window-days", "1"), (0.0, 1.0, 5_000.0), {"privileged": (1, 5_000)}),
        (("--shop", "jd"), (None, None, None), {}),
    ],
)
def test_rfm_by_any_rule(
    huitou: Huitou,
    options: tuple[str, ...],
    lines: tuple[float, ...],
    groups: dict[str, tuple[int, int]],
) -> None:
    # when
    done = huitou("insight", "rfm", "--as-of", "2024-06-30", *options, "--json")

    # then
    assert tuple(done.json["thresholds"].values()) == pytest.approx(lines)
    assert groups_of(done) == groups


def test_rfm_of_an_earlier_date_knows_nothing_later(huitou: Huitou) -> None:
    # when
    done = huitou("insight", "rfm", "--as-of", "2024-05-31", "--json")

    # then
    assert list(done.json["thresholds"].values()) == [190.5, 1.0, 21_000.0]
    assert groups_of(done) == {"regular_upkeep": (1, 2_000), "important_win_back": (1, 40_000)}


def test_without_json_the_rows_are_for_a_person(huitou: Huitou) -> None:
    done = huitou("insight", "rfm", "--as-of", "2024-06-30")
    assert done.out.splitlines()[:2] == [
        "code\tlabel_zh\tlabel_en\tmembers\tsales_minor",
        "privileged\t特权客户\tPrivileged\t0\t0",
    ]


def test_rfm_as_a_csv_file(huitou: Huitou, tmp_path: Path) -> None:
    # when
    out = tmp_path / "rfm.csv"
    done = huitou("insight", "rfm", "--as-of", "2024-06-30", "--out", str(out))

    # then
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (done.code, done.out, done.err) == (0, "", f"8 rows → {out}\n")
    assert [row["code"] for row in rows] == [code for code, _, _ in GROUPS]
    assert rows[1]["sales_minor"] == "2000"


def test_rfm_members_as_a_parquet_file_beside_json(huitou: Huitou, tmp_path: Path) -> None:
    # when
    out = tmp_path / "members.parquet"
    arguments = ("--as-of", "2024-06-30", "--out", str(out))
    done = huitou("insight", "rfm", *arguments, "--members")
    both = huitou("insight", "rfm", *arguments, "--json")

    # then
    assert done.code == 0
    assert both.json["as_of"] == "2024-06-30"
    assert pq.read_table(out).num_rows == 8


def test_lifecycle(huitou: Huitou) -> None:
    # when the only one who came back took 10 days, which is then everybody's cycle
    found = huitou("insight", "lifecycle", "--as-of", "2024-06-30", "--json").json

    # then
    assert set(found) == {"as_of", "stages", "buyer_types", "churn_rate", "flow"}
    assert [(s["code"], s["members"]) for s in found["stages"]] == [
        ("active", 1),
        ("silent", 0),
        ("sleeping", 0),
        ("near_loss", 0),
        ("lost", 2),
    ]
    assert [(t["code"], t["members"]) for t in found["buyer_types"]] == [
        ("new", 2),
        ("returning", 1),
        ("loyal", 0),
    ]
    assert found["churn_rate"] == 2 / 3
    assert found["flow"]["before"] == "2024-05-31"
    assert found["flow"]["links"] == [
        {"source": "active", "target": "lost", "members": 1},
        {"source": "near_loss", "target": "lost", "members": 1},
        {"source": "not_yet", "target": "active", "members": 1},
    ]


def test_lifecycle_by_month(huitou: Huitou) -> None:
    # when
    command = ("insight", "lifecycle", "--as-of", "2024-06-30", "--months", "3", "--json")
    found = huitou(*command).json
    moved = huitou(*command, "--between", "2024-04-30", "2024-05-31").json["migration"]

    # then: nobody has come back before June, and a cycle is 90 days; then it is 10
    assert found["as_of"] == "2024-06-30"
    assert found["before"] == "2024-03-31"
    assert [
        (m["day"], m["buyers"], m["churn_rate"], m["newly_lost"], m["won_back"])
        for m in found["months"]
    ] == [
        ("2024-04-30", 1, 0.0, 0, 0),
        ("2024-05-31", 2, 0.0, 0, 0),
        ("2024-06-30", 3, 2 / 3, 2, 0),
    ]
    assert found["migration"]["before"] == "2024-03-31"
    assert found["migration"]["as_of"] == "2024-06-30"
    assert (moved["before"], moved["as_of"]) == ("2024-04-30", "2024-05-31")
    assert moved["links"] == [
        {"source": "not_yet", "target": "active", "members": 1},
        {"source": "near_loss", "target": "near_loss", "members": 1},
    ]


def test_lifecycle_by_month_as_a_file_has_a_column_for_each_stage(
    huitou: Huitou, tmp_path: Path
) -> None:
    # given
    out = tmp_path / "months.csv"

    # when
    huitou("insight", "lifecycle", "--as-of", "2024-06-30", "--months", "1", "--out", str(out))

    # then
    assert out.read_text().splitlines() == [
        '"day","buyers","active","silent","sleeping","near_loss","lost","churn_rate",'
        '"newly_lost","won_back"',
        "2024-06-30,3,1,0,0,0,2,0.6666666666666666,2,0",
    ]


def test_cycle(huitou: Huitou) -> None:
    assert huitou("insight", "cycle", "--as-of", "2024-06-30", "--json").json == {
        "as_of": "2024-06-30",
        "brand_cycle_days": 10,
        "categories": [],
        "basis": {"personal": 0, "category": 0, "brand": 3},
        "warning_days": 30,
    }


def test_cohorts(huitou: Huitou, tmp_path: Path) -> None:
    # when
    out = tmp_path / "cohorts.csv"
    asked = ("insight", "cohorts", "--months", "2", "--as-of", "2024-06-30")
    found = huitou(*asked, "--json").json
    huitou(*asked, "--out", str(out))

    # then
    assert found == {
        "as_of": "2024-06-30",
        "cohorts": [
            {"month": "2024-05", "size": 1, "rates": [1.0, 0.0]},
            {"month": "2024-06", "size": 1, "rates": [1.0]},
        ],
    }
    with out.open(newline="") as file:
        assert [tuple(row.values()) for row in csv.DictReader(file)] == [
            ("2024-05", "1", "0", "1"),
            ("2024-05", "1", "1", "0"),
            ("2024-06", "1", "0", "1"),
        ]


def test_regions(huitou: Huitou) -> None:
    # when
    whole = huitou("insight", "regions", "--as-of", "2024-06-30", "--json").json
    inside = huitou(
        "insight", "regions", "--as-of", "2024-06-30", "--province", "广东省", "--json"
    ).json
    month = huitou(
        "insight", "regions", "--as-of", "2024-06-30", "--window-days", "30", "--json"
    ).json

    # then
    zhejiang = {
        "name": "浙江省",
        "buyers": 1,
        "orders": 2,
        "sales_minor": 15_000,
        "share": 15 / 17,
        "province": "浙江省",
    }
    guangdong = {
        "name": "广东省",
        "buyers": 1,
        "orders": 1,
        "sales_minor": 2_000,
        "share": 2 / 17,
        "province": "广东省",
    }
    assert whole == {
        "as_of": "2024-06-30",
        "start": "2023-06-15",
        "end": "2024-06-30",
        "level": "province",
        "regions": [zhejiang, guangdong],
    }
    assert (inside["level"], inside["regions"]) == (
        "city",
        [{**guangdong, "name": "深圳市", "share": 1.0}],
    )
    assert (month["start"], month["regions"]) == ("2024-06-01", [{**zhejiang, "share": 1.0}])


def test_kpi(huitou: Huitou) -> None:
    # when
    found = huitou("insight", "kpi", "--as-of", "2024-06-30", "--window-days", "30", "--json").json

    # then June a year ago begins before the first purchase, so there is nothing to compare with
    assert (found["start"], found["end"]) == ("2024-06-01", "2024-06-30")
    assert found["kpis"][0] == {
        "code": "sales",
        "label_zh": "销售额",
        "label_en": "Sales",
        "kind": "money",
        "value": 16_000,
        "previous": 0,
        "last_year": None,
    }
    assert {row["code"]: row["value"] for row in found["kpis"]} == {
        "sales": 16_000,
        "buyers": 1,
        "orders": 3,
        "aov": 16_000,
        "atv": 5_333,
        "asp": 4_000,
        "upt": 4 / 3,
        "discount_loss": None,
        "repurchase_rate": 1.0,
        "new_buyers": 1,
        "returning_share": 0.0,
    }


def test_association(huitou: Huitou, brand: Brand) -> None:
    # given three more orders of a tea set with a lamp
    shop = Shop.objects.get(brand=brand, slug="tmall")
    lamps = [
        Bought(90 + n, 0, None, date(2024, 6, 1), categories=("茶具", "香薰")) for n in range(3)
    ]
    store(brand, [shop], [], lamps)

    # when
    asked = ("insight", "association", "--as-of", "2024-06-30", "--by", "category")
    found = huitou(*asked, "--sort", "confidence", "--json").json
    refused = huitou("insight", "association", "--by", "shop")

    # then: four baskets have the tea set, three of them the lamp
    measures = {"baskets": 3, "support": 0.75, "lift": 1.0}
    assert found["rules"] == [
        {"a_code": "香薰", "a_title": "香薰", "b_code": "茶具", "b_title": "茶具", **measures,
         "a_baskets": 3, "b_baskets": 4, "confidence": 1.0},
        {"a_code": "茶具", "a_title": "茶具", "b_code": "香薰", "b_title": "香薰", **measures,
         "a_baskets": 4, "b_baskets": 3, "confidence": 0.75},
    ]  # fmt: skip
    assert (found["total"], found["baskets"], found["left_out"]) == (2, 4, 0)
    assert (refused.code, "neither product nor category" in refused.err) == (2, True)


def test_funnel(huitou: Huitou) -> None:
    # when
    asked = ("insight", "funnel", "--as-of", "2024-06-30", "--kind")
    found = huitou(*asked, "journey", "--json").json
    refused = huitou(*asked, "7a")

    # then
    assert (found["kind"], found["trait"], found["members"]) == ("journey", "journey_stage", 3)
    assert [(s["code"], s["members"], s["reached"]) for s in found["stages"]] == [
        ("potential", 0, 1),
        ("fan", 0, 1),
        ("customer", 1, 1),
        ("lost", 2, 2),
    ]
    assert (refused.code, "5a, aarrr, journey" in refused.err) == (2, True)


def test_clv_of_too_few_says_why(huitou: Huitou) -> None:
    # when
    found = huitou("insight", "clv", "--as-of", "2024-06-30", "--json").json

    # then
    assert found["model"] == {"purchases": None, "spend": None, "reason": "few_repeaters"}
    assert found["reason"]["code"] == "few_repeaters"
    assert found["tiers"][0] == {
        "code": "core",
        "label_zh": "核心",
        "label_en": "Core",
        "members": 0,
        "sales_minor": 0,
        "clv_minor": 0,
        "purchases": 0.0,
    }


def test_a_back_test_compares_with_the_days_since(huitou: Huitou) -> None:
    # when
    asked = ("insight", "clv", "--as-of", "2024-06-30", "--backtest-days")
    found = huitou(*asked, "30", "--json").json
    refused = huitou(*asked, "3")

    # then: of the two who had bought by the end of May nobody came again
    assert (found["calibration"], found["as_of"]) == ("2024-05-31", "2024-06-30")
    assert (found["customers"], found["actual"], found["error"]) == (2, 0, None)
    assert found["reason"]["label_en"].startswith("Fewer than 50 customers")
    assert (refused.code, "28 to 730 days" in refused.err) == (2, True)


def test_traits_as_parquet_and_csv(huitou: Huitou, tmp_path: Path) -> None:
    # when
    outs = [tmp_path / "traits.parquet", tmp_path / "traits.csv"]
    done = [
        huitou("insight", "traits", "--as-of", "2024-06-30", "--out", str(out), "--json")
        for out in outs
    ]

    # then
    assert [d.json for d in done] == [
        {"as_of": "2024-06-30", "rows": 4, "out": str(out)} for out in outs
    ]
    rows = pq.read_table(outs[0]).to_pylist()
    assert list(rows[0]) == ["member_id", *(trait.name for trait in TRAITS), "platform_ids"]
    assert [row["monetary_minor"] for row in rows] == [15_000, 2_000, 40_000, None]
    assert [row["rfm_group"] for row in rows[:3]] == [
        "regular_upkeep",
        "main_development",
        "key_upkeep",
    ]
    with outs[1].open(newline="") as file:
        assert [row["recency_days"] for row in csv.DictReader(file)] == ["0", "60", "381", ""]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("rfm", "--threshold", "q1.5"), "THRESHOLD"),
        (("rfm", "--threshold", "average"), "THRESHOLD"),
        (("rfm", "--amount", "max"), "AMOUNT"),
        (("rfm", "--window-days", "0"), "USAGE"),
        (("rfm", "--as-of", "30.6.2024"), "USAGE"),
        (("rfm", "--out", "groups.xlsx"), "OUT"),
        (("traits", "--out", "traits.xlsx"), "OUT"),
        (("traits",), "USAGE"),
        (("kpi", "--shop", "nowhere"), "UNKNOWN_SHOP"),
        (("regions", "--level", "town"), "USAGE"),
        (("cohorts", "--months", "0"), "USAGE"),
    ],
)
def test_refused_input_ends_with_2_and_says_why(
    huitou: Huitou, arguments: tuple[str, ...], code: str
) -> None:
    # when
    done = huitou("insight", *arguments, "--json")

    # then
    error = done.json["error"]
    assert (done.code, error["code"]) == (2, code)
    assert done.err == f"Error: {error['message']}\n"


def test_an_unknown_brand_is_refused(huitou: Huitou) -> None:
    done = huitou("insight", "rfm", "--json", of="nobody")
    assert (done.code, done.json["error"]["code"]) == (2, "UNKNOWN_BRAND")
