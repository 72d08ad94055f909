"""``huitou insight …``: figures of any as-of date, for terminals, files and scripts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, say, show

if TYPE_CHECKING:
    from huitou.insight.live import Live

insight_app = typer.Typer(help="Figures as of any date, over all orders.", no_args_is_help=True)

BrandName = Annotated[str, typer.Option("--brand", help="The brand's slug.")]
ShopName = Annotated[str, typer.Option("--shop", help="Only this shop's orders.")]
AsOf = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], help="Default: the brand's pinned date, else today."),
]
WindowDays = Annotated[
    int | None, typer.Option(min=1, help="Days up to and including the date; default all history.")
]
Out = Annotated[Path | None, typer.Option(help="Write the rows to F.csv or F.parquet.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(insight_app, name="insight")


@insight_app.command()
def rfm(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    window_days: WindowDays = None,
    threshold: Annotated[str, typer.Option(help="mean, median, qNN or fixed R,F,M.")] = "mean",
    amount: Annotated[str, typer.Option(help="total or average per purchase.")] = "total",
    members: Annotated[
        bool, typer.Option("--members", help="With --out: a row per member, not per group.")
    ] = False,
    out: Out = None,
    json: Json = False,
) -> None:
    """The eight RFM groups."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures
        from huitou.insight.types import RfmRule

        found = figures.rfm(live, RfmRule(threshold, amount, window_days))
        keys = ("code", "label_zh", "label_en", "members", "sales_minor")
        groups = [{key: getattr(group, key) for key in keys} for group in found.groups]
        result = {
            "as_of": found.as_of.isoformat(),
            "thresholds": asdict(found.thresholds),
            "groups": groups,
        }
        if out is not None and members:
            rows = figures.write_table(figures.rfm_members(live), out)
            say(f"{rows:,} rows → {out}")
            return
        _give(result, groups, out, as_json=json)


@insight_app.command()
def lifecycle(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    months: Annotated[
        int | None, typer.Option(help="The ends of the last N months: stages, churn, won back.")
    ] = None,
    between: Annotated[
        tuple[datetime, datetime] | None,
        typer.Option(help="With --months: moves between two of the ends; default first and last."),
    ] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Members by life-cycle stage, and how they moved: over the last 30 days, or by month."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures

        if months is None:
            found = asdict(figures.lifecycle(live))
            _give(found, found["stages"], out, as_json=json)
            return
        days = (between[0].date(), between[1].date()) if between else None
        told, moved = figures.lifecycle_months(live, months, days)
        result = {"as_of": live.as_of.isoformat(), **asdict(told), "migration": asdict(moved)}
        _give(result, [_flat(row) for row in result["months"]], out, as_json=json)


def _flat(month: Mapping[str, Any]) -> dict[str, Any]:
    """A month end with a column for each stage."""
    stages = {stage["code"]: stage["members"] for stage in month["stages"]}
    rest = {name: value for name, value in month.items() if name != "stages"}
    return {"day": rest.pop("day"), "buyers": rest.pop("buyers"), **stages, **rest}


@insight_app.command()
def cycle(
    brand: BrandName, as_of: AsOf = None, shop: ShopName = "", out: Out = None, json: Json = False
) -> None:
    """Purchase cycles of the brand and its categories, with the loss-warning line."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures
        from huitou.insight.definitions import WARNING_CYCLES

        found = asdict(figures.cycle(live))
        for category in found["categories"]:
            category["warning_days"] = category["cycle_days"] * WARNING_CYCLES
        found["warning_days"] = found["brand_cycle_days"] * WARNING_CYCLES
        _give(found, found["categories"], out, as_json=json)


@insight_app.command()
def cohorts(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    months: Annotated[int | None, typer.Option(min=1, help="The last N cohorts.")] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Members by month of first purchase: the share that bought in each later month."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures

        found = [asdict(row) for row in figures.cohorts(live, months=months)]
        flat = [
            {"month": row["month"], "size": row["size"], "months_since": since, "rate": rate}
            for row in found
            for since, rate in enumerate(row["rates"])
        ]
        shown = {"as_of": live.as_of.isoformat(), "cohorts": found}
        _give(shown, flat if out else found, out, as_json=json)


@insight_app.command()
def regions(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    window_days: WindowDays = None,
    level: Annotated[str, typer.Option(help="province or city.")] = "province",
    province: Annotated[str, typer.Option(help="The cities of this province.")] = "",
    out: Out = None,
    json: Json = False,
) -> None:
    """Buyers, purchases and sales by province or city."""
    if level not in ("province", "city"):
        raise typer.BadParameter("level is province or city")
    level = "city" if province else level
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures

        start, end = figures.period(live, window_days)
        rows = [asdict(row) for row in figures.regions(live, start, end, level, province or None)]
        result = {
            "as_of": live.as_of.isoformat(),
            "start": start.isoformat(),
            "end": end.isoformat(),
            "level": level,
            "regions": rows,
        }
        _give(result, rows, out, as_json=json)


@insight_app.command()
def kpi(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    window_days: WindowDays = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Sales, buyers, averages, discount loss and repurchase, with the earlier periods."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures

        start, end = figures.period(live, window_days)
        rows = [asdict(tile) for tile in figures.kpis(live, start, end)]
        for row in rows:
            del row["spark"]
        result = {
            "as_of": live.as_of.isoformat(),
            "start": start.isoformat(),
            "end": end.isoformat(),
            "kpis": rows,
        }
        _give(result, rows, out, as_json=json)


@insight_app.command()
def clv(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    backtest_days: Annotated[
        int | None, typer.Option(help="Fit this many days earlier, compare with what happened.")
    ] = None,
    out: Out = None,
    json: Json = False,
) -> None:
    """Customer lifetime value: model and tiers; or how well it foretold the last N days."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures

        if backtest_days is None:
            result = asdict(figures.value_summary(live))
            rows = result["tiers"] = [{**_named(t.pop("label")), **t} for t in result["tiers"]]
        else:
            result = asdict(figures.value_backtest(live, backtest_days))
            rows = result["classes"]
        result["reason"] = _named(result["reason"]) if result["reason"] else None
        _give(result, rows, out, as_json=json)


@insight_app.command()
def association(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    window_days: WindowDays = None,
    by: Annotated[str, typer.Option(help="product or category.")] = "product",
    basket: Annotated[str, typer.Option(help="Together in one order, or by a member.")] = "order",
    min_support: Annotated[float, typer.Option(help="Least share of all baskets.")] = 0.001,
    min_confidence: Annotated[float, typer.Option(help="Least share of those with A.")] = 0.0,
    min_lift: Annotated[float, typer.Option(help="Times as often as by chance.")] = 0.0,
    sort: Annotated[str, typer.Option(help="lift, confidence, support or baskets.")] = "lift",
    limit: Annotated[int, typer.Option(help="No more rules than this.")] = 1000,
    out: Out = None,
    json: Json = False,
) -> None:
    """What is bought together: who buys A also buys B, with support, confidence and lift."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight.association import Pairing, Wanted, associations_of

        wanted = Wanted(min_support, min_confidence, min_lift, sort=sort, limit=limit)
        pairing = Pairing(by, basket, window_days)
        found = asdict(associations_of(live.connection, live.as_of, pairing, wanted))
        rows = [
            {
                **{
                    f"{side}_{name}": rule[side][name]
                    for side in "ab"
                    for name in ("code", "title")
                },
                **{name: value for name, value in rule.items() if name not in ("a", "b")},
            }
            for rule in found["rules"]
        ]
        _give({**found, "rules": rows}, rows, out, as_json=json)


@insight_app.command()
def funnel(
    brand: BrandName,
    as_of: AsOf = None,
    shop: ShopName = "",
    kind: Annotated[str, typer.Option(help="5a, aarrr or journey.")] = "5a",
    out: Out = None,
    json: Json = False,
) -> None:
    """Members by how far they have come: 5A, AARRR, or from potential to lost."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures

        found = asdict(figures.funnel(live, kind))
        rows = [{**_named(stage.pop("label")), **stage} for stage in found["stages"]]
        _give({**found, "stages": rows}, rows, out, as_json=json)


@insight_app.command()
def traits(
    brand: BrandName,
    out: Annotated[Path, typer.Option(help="F.parquet or F.csv to write.")],
    as_of: AsOf = None,
    shop: ShopName = "",
    json: Json = False,
) -> None:
    """One row per member: every trait, and the member's identifiers per platform."""
    with _opened(brand, shop, as_of) as live:
        from huitou.insight import live as figures

        rows = figures.write_traits(live, out)
        result = {"as_of": live.as_of.isoformat(), "rows": rows, "out": str(out)}
        show(result, f"{rows:,} rows → {out}", as_json=json)


@contextmanager
def _opened(brand: str, shop: str, as_of: datetime | None) -> Iterator[Live]:
    with ready():
        from django.utils import timezone

        from huitou.brands.queries import brand_by_slug, shop_by_slug
        from huitou.insight import live as figures
        from huitou.insight.services import default_as_of

        found = brand_by_slug(brand)
        day = as_of.date() if as_of else default_as_of(found, timezone.now())
        shop_id = shop_by_slug(found, shop).pk if shop else None
        with figures.opened(found, as_of=day, shop_id=shop_id) as live:
            yield live


def _give(
    result: Mapping[str, Any], rows: Sequence[Mapping[str, Any]], out: Path | None, *, as_json: bool
) -> None:
    """The result as JSON, its rows as a file, or its rows for a person."""
    if out is not None:
        import pyarrow as pa

        from huitou.insight.live import write_table

        names = list(rows[0]) if rows else []
        columns = {name: _column([row[name] for row in rows]) for name in names}
        written = write_table(pa.table(columns), out)
        say(f"{written:,} rows → {out}")
    if as_json or out is None:
        show(result, _as_lines(rows), as_json=as_json)


def _named(label: Mapping[str, str]) -> dict[str, str]:
    """A label as every command gives it."""
    return {"code": label["code"], "label_zh": label["zh"], "label_en": label["en"]}


def _column(values: list[Any]) -> list[Any]:
    """``values``, all as floats when some are: a column of a file has one type."""
    if any(isinstance(value, float) for value in values):
        return [value if value is None else float(value) for value in values]
    return values


def _as_lines(rows: Sequence[Mapping[str, Any]]) -> str:
    if not rows:
        return "Nothing yet."
    lines = ["\t".join(rows[0])]
    lines += ["\t".join("" if v is None else str(v) for v in row.values()) for row in rows]
    return "\n".join(lines)
