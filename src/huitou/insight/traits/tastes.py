"""What they like, what they pay for it, and for whom it is."""

from __future__ import annotations

from huitou.insight import definitions
from huitou.insight.traits.declaration import Theme, Trait, column, inferred, rule

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
            "main_category_share",
            "ratio",
            "主购品类占比",
            "Share of the main category",
            "主购品类的购买日占各品类购买日之和的比例",
            "Its purchase days as a share of those of all categories added up",
            column("main_category_share"),
        ),
        Trait(
            "second_category",
            "text",
            "次购品类",
            "Second category",
            "购买日第二多的品类",
            "The category bought on the second most days",
            column("second_category"),
        ),
        Trait(
            "price_band",
            "code",
            "价格带",
            "Price band",
            "所购商品的成交单价在同品类商品中的位置（三分位），取平均",
            "Where the goods bought stand by price among those of their category, on average",
            rule("tastes.price_band"),
            definitions.PRICE_BANDS,
        ),
        Trait(
            "discount_share",
            "ratio",
            "促销购买占比",
            "Share on promotion",
            "用了券或优惠达到原价一成的购买，占写明优惠情况的购买的比例",
            "Purchases with a coupon or a tenth off the list price, of those that tell",
            rule("habits.discount_share"),
        ),
        Trait(
            "discount_sensitivity",
            "code",
            "折扣敏感度",
            "Discount sensitivity",
            "促销购买占比与全店相比；购买次数少时向全店靠拢",
            "The share on promotion beside the brand's, drawn towards it while purchases are few",
            rule("habits.discount_sensitivity"),
            definitions.SENSITIVITIES,
        ),
        Trait(
            "promotion_only",
            "boolean",
            "仅促销购买",
            "Only on promotion",
            "至少购买两次，且每次都在促销时",
            "At least two purchases, every one of them on promotion",
            rule("habits.promotion_only"),
        ),
        *inferred(
            Trait(
                "buys_for",
                "code",
                "自用或送礼",
                "Buys for",
                "由备注中的送礼字样和不同收件人的个数推断",
                "From notes that speak of presents and the number of different receivers",
                rule("habits.buys_for"),
                definitions.BUYS_FOR,
            ),
            rule("habits.buys_for_confidence"),
        ),
        Trait(
            "receivers",
            "count",
            "收件人数",
            "Receivers",
            "购买寄往多少个不同的收件电话",
            "To how many different receivers' phones purchases were sent",
            column("receivers"),
        ),
    ),
)
