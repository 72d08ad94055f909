"""``huitou brand …`` and ``huitou shop …``."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show
from huitou.kernel.errors import RefusedInputError

if TYPE_CHECKING:
    from huitou.brands.models import Brand, Shop

brand_app = typer.Typer(
    help="Brands: create, list, pin to a date, ask for a second factor.", no_args_is_help=True
)
shop_app = typer.Typer(help="Shops of a brand: create, list.", no_args_is_help=True)


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(brand_app, name="brand")
    root.add_typer(shop_app, name="shop")


@brand_app.command("create")
def create_brand(
    slug: Annotated[str, typer.Argument(help="Lower-case letters, digits, hyphens.")],
    name: Annotated[str, typer.Option(help="The name people read.")],
    time_zone: Annotated[str, typer.Option(help="Decides the business date.")] = "Asia/Shanghai",
    currency: Annotated[str, typer.Option(help="Three letters.")] = "CNY",
    json: Json = False,
) -> None:
    """Create a brand."""
    with ready():
        from huitou.brands import services

        brand = services.create_brand(slug=slug, name=name, time_zone=time_zone, currency=currency)
        show(_brand(brand), f"Created brand {brand.slug} ({brand.name}).", as_json=json)


@brand_app.command("list")
def list_brands(json: Json = False) -> None:
    """List the brands."""
    with ready():
        from huitou.brands.queries import all_brands

        rows = [_brand(brand) for brand in all_brands()]
    lines = [f"{r['slug']:<20} {r['currency']} {r['time_zone']:<18} {r['name']}" for r in rows]
    show({"brands": rows}, "\n".join(lines) or "No brands yet.", as_json=json)


@brand_app.command("pin")
def pin_brand(
    slug: Annotated[str, typer.Argument()],
    as_of: Annotated[str | None, typer.Option(help="YYYY-MM-DD: today for this brand.")] = None,
    none: Annotated[bool, typer.Option("--none", help="Let the calendar run again.")] = False,
    json: Json = False,
) -> None:
    """Fix "today" for a brand whose data ended."""
    if none == (as_of is not None):
        raise RefusedInputError("AS_OF", "Give either --as-of YYYY-MM-DD or --none.")
    day = None if as_of is None else parsed_date(as_of)
    with ready():
        from huitou.brands import services
        from huitou.brands.queries import brand_by_slug

        brand = brand_by_slug(slug)
        services.pin_brand(brand=brand, as_of=day)
        text = f"{slug} stands at {day}." if day else f"{slug} follows the calendar."
        show(_brand(brand), text, as_json=json)


@brand_app.command("require-2fa")
def require_second_factor(
    slug: Annotated[str, typer.Argument()],
    off: Annotated[bool, typer.Option("--off", help="Ask for it no longer.")] = False,
    json: Json = False,
) -> None:
    """Let everybody of a brand sign in with a second factor."""
    with ready():
        from huitou.brands import services
        from huitou.brands.queries import brand_by_slug

        services.require_second_factor(brand_ids=[brand_by_slug(slug).pk], required=not off)
        text = "no longer asks for" if off else "asks for"
        show(_brand(brand_by_slug(slug)), f"{slug} {text} a second factor.", as_json=json)


@shop_app.command("create")
def create_shop(
    slug: Annotated[str, typer.Argument(help="Lower-case letters, digits, hyphens.")],
    brand: Annotated[str, typer.Option(help="The brand's slug.")],
    platform: Annotated[str, typer.Option(help="taobao, tmall, jd, douyin, shopify, …")],
    name: Annotated[str, typer.Option(help="The name people read; the slug if absent.")] = "",
    json: Json = False,
) -> None:
    """Create a shop of a brand."""
    with ready():
        from huitou.brands import services
        from huitou.brands.queries import brand_by_slug

        shop = services.create_shop(
            brand=brand_by_slug(brand), slug=slug, platform=platform, name=name
        )
        show(_shop(shop), f"Created shop {shop.slug} of {brand}.", as_json=json)


@shop_app.command("list")
def list_shops(
    brand: Annotated[str | None, typer.Option(help="Of this brand only.")] = None,
    json: Json = False,
) -> None:
    """List the shops."""
    with ready():
        from huitou.brands.queries import all_shops, brand_by_slug

        rows = [_shop(shop) for shop in all_shops(brand_by_slug(brand) if brand else None)]
    lines = [f"{r['brand']:<20} {r['slug']:<20} {r['platform']:<12} {r['name']}" for r in rows]
    show({"shops": rows}, "\n".join(lines) or "No shops yet.", as_json=json)


def parsed_date(text: str) -> date:
    """The day written as ``YYYY-MM-DD``. Raises ``RefusedInputError`` (``DATE``) otherwise.

    >>> parsed_date("2018-01-01")
    datetime.date(2018, 1, 1)
    """
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RefusedInputError("DATE", f"{text!r} is not a date like 2018-01-01.") from error


def _brand(brand: Brand) -> dict[str, Any]:
    return {
        "slug": brand.slug,
        "name": brand.name,
        "time_zone": brand.time_zone,
        "currency": brand.currency,
        "pinned_as_of": brand.pinned_as_of,
        "second_factor": brand.two_factor_required,
    }


def _shop(shop: Shop) -> dict[str, Any]:
    return {
        "brand": shop.brand.slug,
        "slug": shop.slug,
        "name": shop.name,
        "platform": shop.platform,
    }
