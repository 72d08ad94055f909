"""``huitou connection …``: platforms that push news to a shop."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from huitou.cli.ground import Json, ready, show

if TYPE_CHECKING:
    from huitou.api.models import Connection

app = typer.Typer(
    help="Platforms that push news: open, list, reconcile, close.", no_args_is_help=True
)
BrandSlug = Annotated[str, typer.Option("--brand", help="The brand's slug.")]


def register(root: typer.Typer) -> None:
    """Add the commands to ``root``."""
    root.add_typer(app, name="connection")


@app.command("open")
def open_(
    kind: Annotated[str, typer.Argument(help="shopify, woocommerce, kuaidi100 or taobao.")],
    brand: BrandSlug,
    shop: Annotated[str, typer.Option(help="The shop's slug.")],
    secret: Annotated[str, typer.Option(prompt=True, hide_input=True, help="What signs.")],
    session: Annotated[
        str, typer.Option(prompt=True, hide_input=True, help="Token or key to ask with.")
    ] = "",
    app_key: Annotated[str, typer.Option(help="App key, consumer key or customer number.")] = "",
    url: Annotated[str, typer.Option(help="The shop's own address.")] = "",
    json: Json = False,
) -> None:
    """Connect a shop; shows the address to enter on the platform."""
    with ready():
        from huitou.api.connections import open_connection
        from huitou.brands.queries import brand_by_slug, shop_by_slug

        made = open_connection(
            shop=shop_by_slug(brand_by_slug(brand), shop),
            kind=kind,
            secret=secret,
            base_url=url,
            app_key=app_key,
            session=session,
        )
        show(_shown(made), f"Connected. Let {kind} push to: …{_path(made)}", as_json=json)


@app.command("list")
def list_connections(brand: BrandSlug, json: Json = False) -> None:
    """List the connections of a brand."""
    with ready():
        from huitou.api.connections import connections
        from huitou.brands.queries import brand_by_slug

        rows = [_shown(found) for found in connections(brand_by_slug(brand).pk)]
    lines = [
        f"{row['id']:<6} {row['kind']:<12} {row['shop']:<20} {'open' if row['open'] else 'closed'}"
        for row in rows
    ]
    show({"connections": rows}, "\n".join(lines) or "No connections yet.", as_json=json)


@app.command()
def reconcile(
    brand: BrandSlug,
    connection_id: Annotated[int | None, typer.Argument(help="Only this one.")] = None,
    days: Annotated[int, typer.Option(min=0, help="Ask for so many days, 0: since last.")] = 0,
    json: Json = False,
) -> None:
    """Ask platforms for what their pushes did not bring, and record it."""
    with ready():
        from datetime import UTC, datetime, timedelta

        from huitou.api.connections import connections
        from huitou.api.reconcile import reconcile as ask
        from huitou.brands.queries import brand_by_slug

        now = datetime.now(UTC)
        since = now - timedelta(days=days) if days else None
        rows = []
        for found in connections(brand_by_slug(brand).pk):
            if found.closed_at is None and connection_id in (None, found.pk):
                result = ask(found, now=now, since=since)
                rows.append({**_shown(found), "seen": result.seen, "repaired": result.repaired})
    lines = [f"{row['kind']:<12} seen {row['seen']}, repaired {row['repaired']}" for row in rows]
    show({"connections": rows}, "\n".join(lines) or "Nothing is connected.", as_json=json)


@app.command()
def close(
    connection_id: Annotated[int, typer.Argument()], brand: BrandSlug, json: Json = False
) -> None:
    """Take no more pushes of a connection."""
    with ready():
        from datetime import UTC, datetime

        from huitou.api.connections import close_connection
        from huitou.brands.queries import brand_by_slug

        closed = close_connection(
            brand_id=brand_by_slug(brand).pk, connection_id=connection_id, now=datetime.now(UTC)
        )
        show(_shown(closed), f"Connection {connection_id} is closed.", as_json=json)


def _shown(connection: Connection) -> dict[str, Any]:
    return {
        "id": connection.pk,
        "kind": connection.kind,
        "shop": connection.shop.slug,
        "path": _path(connection),
        "open": connection.closed_at is None,
        "reconciled_until": connection.reconciled_until,
    }


def _path(connection: Connection) -> str:
    return f"/hooks/{connection.token}/"
