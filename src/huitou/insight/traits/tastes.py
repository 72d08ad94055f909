"""What they like, and where they have it sent."""

from __future__ import annotations

from huitou.insight.traits.declaration import Theme, Trait, column

THEME = Theme(
    "tastes",
    "偏好",
    "Tastes",
    (
        Trait(
            "main_category",
            "text",
            "主购品类",
            "Main category",
            "购买日最多的品类；相同时取最近购买的，再按名称",
            "The category bought on the most days; the latest of equals, then by name",
            column("main_category"),
        ),
        Trait(
            "province",
            "text",
            "省份",
            "Province",
            "最近一次写明省份的购买的收货省份",
            "Where the latest purchase that states a province was delivered",
            column("province"),
        ),
        Trait(
            "city",
            "text",
            "城市",
            "City",
            "与省份同一笔购买的收货城市",
            "The city of the same purchase as the province",
            column("city"),
        ),
    ),
)
