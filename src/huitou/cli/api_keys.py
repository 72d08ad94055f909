"""``huitou api-key …`` and ``huitou openapi``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show

if TYPE_CHECKING:
    from huitou.brands.models import ApiKey

app = typer.Typer(help="API keys of a brand: create, list, revoke.", no_args_is_help=True)
BrandSlug = Annotated[str, typer.Option("--brand", help="The brand's slug.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(app, name="api-key")
    root.command()(openapi)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people recognise it by.")],
    brand: BrandSlug,
    scope: Annotated[list[str], typer.Option(help="Repeat for several, e.g. events:write.")],
    shop: Annotated[str | None, typer.Option(help="Only for this shop.")] = None,
    json: Json = False,
) -> None:
    """Create a key and show it, once."""
    with ready():
        from huitou.brands.api_keys import issue_api_key
        from huitou.brands.queries import brand_by_slug, shop_by_slug

        owner = brand_by_slug(brand)
        issued = issue_api_key(
            brand=owner,
            name=name,
            scopes=scope,
            shop=shop_by_slug(owner, shop) if shop else None,
        )
        said = f"Key of {brand}, shown only now:\n{issued.secret}"
        show({**_shown(issued.key), "key": issued.secret}, said, as_json=json)


@app.command("list")
def list_keys(brand: BrandSlug, json: Json = False) -> None:
    """List the keys of a brand."""
    with ready():
        from huitou.brands.api_keys import api_keys
        from huitou.brands.queries import brand_by_slug

        rows = [_shown(key) for key in api_keys(brand_by_slug(brand).pk)]
    lines = [
        f"{r['prefix']} {'revoked' if r['revoked'] else 'active':<8} {','.join(r['scopes']):<40}"
        f" {r['name']}"
        for r in rows
    ]
    show({"keys": rows}, "\n".join(lines) or "No keys yet.", as_json=json)


@app.command()
def revoke(
    prefix: Annotated[str, typer.Argument(help="The part after hk_.")],
    brand: BrandSlug,
    json: Json = False,
) -> None:
    """End a key for good."""
    with ready():
        from datetime import UTC, datetime

        from huitou.brands.api_keys import revoke_api_key
        from huitou.brands.queries import brand_by_slug

        key = revoke_api_key(brand_id=brand_by_slug(brand).pk, prefix=prefix, now=datetime.now(UTC))
        show(_shown(key), f"Key {prefix} is revoked.", as_json=json)


def openapi() -> None:
    """Print the OpenAPI document of the interface."""
    import json

    from huitou.config.bootstrap import set_up_django

    set_up_django()
    from huitou.api.endpoints import api

    typer.echo(json.dumps(api.get_openapi_schema(), indent=1, ensure_ascii=False))


def _shown(key: ApiKey) -> dict[str, Any]:
    return {
        "prefix": key.prefix,
        "name": key.name,
        "scopes": key.scopes,
        "shop": key.shop.slug if key.shop else None,
        "revoked": key.revoked_at is not None,
    }
