"""Open, find and close connections to platforms; their secrets leave here only as ``Link``."""

from __future__ import annotations

import secrets
from datetime import datetime

from huitou.api.models import Connection
from huitou.api.outgoing import refuse_address
from huitou.api.platforms.base import Link
from huitou.brands.models import Shop
from huitou.kernel.errors import RefusedInputError
from huitou.vault.sealing import bound, unbound

_SECRET_CHARS_MAX = 500
# Whose pushes a connection of this kind may carry orders for.
_SHOP_PLATFORMS = {
    Connection.Kind.SHOPIFY: {"shopify"},
    Connection.Kind.WOOCOMMERCE: {"woocommerce"},
    Connection.Kind.TAOBAO: {"taobao", "tmall"},
}


def open_connection(
    *,
    shop: Shop,
    kind: str,
    secret: str,
    base_url: str = "",
    app_key: str = "",
    session: str = "",
) -> Connection:
    """Connect ``shop`` to a platform.

    ``secret`` signs: Shopify's and WooCommerce's webhook secret, Kuaidi100's salt, Taobao's app
    secret. ``app_key`` and ``session`` are for asking: WooCommerce's consumer key and secret,
    Kuaidi100's customer and key, Taobao's app key and session; Shopify's access token is a session.

    Raises ``RefusedInputError`` with the code ``KIND``, ``SECRET``, ``URL``, ``PLATFORM`` or
    ``APP_KEY_TAKEN``.
    """
    if kind not in Connection.Kind.values:
        raise RefusedInputError("KIND", f"Choose among: {', '.join(Connection.Kind.values)}.")
    if not secret.strip() or max(len(secret), len(session)) > _SECRET_CHARS_MAX:
        raise RefusedInputError("SECRET", f"A secret has 1 to {_SECRET_CHARS_MAX} characters.")
    wanted = _SHOP_PLATFORMS.get(Connection.Kind(kind), {shop.platform})
    if shop.platform not in wanted:
        raise RefusedInputError("PLATFORM", f"Shop {shop.slug!r} is not on {', '.join(wanted)}.")
    address = base_url.strip().rstrip("/")
    if address:
        refuse_address(address)
    elif kind in (Connection.Kind.SHOPIFY, Connection.Kind.WOOCOMMERCE):
        raise RefusedInputError("URL", "Give the address of the shop.")
    # A queue of messages belongs to an app key: two readers would each get half of it.
    taken = Connection.objects.filter(kind=kind, app_key=app_key, closed_at=None)
    if kind == Connection.Kind.TAOBAO and taken.exists():
        raise RefusedInputError("APP_KEY_TAKEN", "This app key is connected already.")
    token = secrets.token_urlsafe(32)
    return Connection.objects.create(
        brand_id=shop.brand_id,
        shop=shop,
        kind=kind,
        token=token,
        secret_sealed=bound(secret.strip(), to=token),
        session_sealed=bound(session.strip(), to=token),
        base_url=address,
        app_key=app_key.strip(),
    )


def close_connection(*, brand_id: int, connection_id: int, now: datetime) -> Connection:
    """Take no more pushes of a connection and ask it nothing more; what came stays.

    Raises ``RefusedInputError`` with the code ``UNKNOWN_CONNECTION``.
    """
    found = Connection.objects.filter(brand_id=brand_id, pk=connection_id).first()
    if found is None:
        raise RefusedInputError("UNKNOWN_CONNECTION", "This brand has no such connection.")
    if found.closed_at is None:
        found.closed_at = now
        found.save(update_fields=["closed_at"])
    return found


def connection_by_token(token: str) -> Connection | None:
    """The open connection whose address ends with ``token``."""
    found = Connection.objects.filter(token=token, closed_at=None).select_related("brand", "shop")
    return found.first()


def connections(brand_id: int) -> list[Connection]:
    """The brand's connections with their shops, newest first."""
    found = Connection.objects.filter(brand_id=brand_id).select_related("brand", "shop")
    return list(found.order_by("closed_at", "-id"))


def link_of(connection: Connection) -> Link:
    """The connection with its secrets in clear."""
    return Link(
        shop_id=connection.shop_id,
        base_url=connection.base_url,
        secret=unbound(connection.secret_sealed, to=connection.token),
        app_key=connection.app_key,
        session=unbound(connection.session_sealed, to=connection.token),
        currency=connection.brand.currency,
    )
