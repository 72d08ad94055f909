"""For whom messages are taken in, and which of the shops they name are known."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True)
class Sender:
    """The brand a message speaks to; ``shop_id`` is the only shop it may speak of, if any."""

    brand_id: int
    currency: str
    time_zone: str
    shop_id: int | None = None


@dataclass(frozen=True)
class KnownShop:
    """A shop as messages name it."""

    id: int
    slug: str
    platform: str


@dataclass(frozen=True)
class Shops:
    """The shops of a brand, and the one meant when a message names none."""

    by_slug: dict[str, KnownShop]
    default: KnownShop | None

    def of(self, slug: str | None) -> KnownShop | None:
        """The shop called ``slug``, None when there is none."""
        return self.default if slug is None else self.by_slug.get(slug)


def shops_of(sender: Sender) -> Shops:
    """The shops messages of ``sender`` may name. A brand's only shop need not be named."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select id, slug, platform from brands_shop where brand_id = %s", [sender.brand_id]
        )
        known = [KnownShop(*row) for row in cursor.fetchall()]
    if sender.shop_id is not None:
        own = next(shop for shop in known if shop.id == sender.shop_id)
        return Shops({shop.slug: shop for shop in known}, own)
    return Shops({shop.slug: shop for shop in known}, known[0] if len(known) == 1 else None)
