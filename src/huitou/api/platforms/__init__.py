"""Platforms that push news: one module each, all with the shape ``base.Platform`` describes."""

from __future__ import annotations

from huitou.api.platforms import kuaidi100, shopify, taobao, woocommerce
from huitou.api.platforms.base import Platform

PLATFORMS: dict[str, Platform] = {
    "shopify": shopify.PLATFORM,
    "woocommerce": woocommerce.PLATFORM,
    "kuaidi100": kuaidi100.PLATFORM,
    "taobao": taobao.PLATFORM,
}
