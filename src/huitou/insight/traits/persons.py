"""Who they are: family, gender, age, where they live, their birthday, where they came from."""

from __future__ import annotations

from huitou.insight.definitions import Label
from huitou.insight.keywords import AGE_BANDS, FAMILY_ROLES, GENDERS
from huitou.insight.places import REGIONS, ZONES
from huitou.insight.traits.declaration import Theme, Trait, column, inferred, rule

# Where shops sell, as ``brands.models.Platform``.
CHANNELS = (
    Label("taobao", "淘宝", "Taobao"),
    Label("tmall", "天猫", "Tmall"),
    Label("jd", "京东", "JD"),
    Label("pinduoduo", "拼多多", "Pinduoduo"),
    Label("douyin", "抖音", "Douyin"),
    Label("youzan", "有赞", "Youzan"),
    Label("wechat", "微信小店", "WeChat shop"),
    Label("xiaohongshu", "小红书", "Xiaohongshu"),
    Label("shopify", "Shopify", "Shopify"),
    Label("woocommerce", "WooCommerce", "WooCommerce"),
    Label("offline", "线下门店", "Offline store"),
    Label("other", "其他", "Other"),
)

THEME = Theme(
    "persons",
    "画像",
    "Portrait",
    (
        *inferred(
            Trait(
                "family_role",
                "code",
                "家庭角色",
                "Family",
                "由所购商品的品类和标题推断：宝宝、孩子、老人、宠物",
                "From categories and titles of what was bought: baby, child, elders, pets",
                rule("tastes.family_role"),
                tuple(hint.label for hint in FAMILY_ROLES),
            ),
            rule("tastes.family_role_confidence"),
        ),
        *inferred(
            Trait(
                "likely_gender",
                "code",
                "推测性别",
                "Likely gender",
                "由所购商品的品类和标题推断；会员自填的性别以档案为准",
                "From categories and titles of what was bought; what a member declared goes before",
                rule("tastes.likely_gender"),
                tuple(hint.label for hint in GENDERS),
            ),
            rule("tastes.likely_gender_confidence"),
        ),
        *inferred(
            Trait(
                "age_band",
                "code",
                "推测年龄段",
                "Likely age",
                "由所购商品的品类和标题推断",
                "From categories and titles of what was bought",
                rule("tastes.age_band"),
                tuple(hint.label for hint in AGE_BANDS),
            ),
            rule("tastes.age_band_confidence"),
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
        Trait(
            "region",
            "code",
            "大区",
            "Region",
            "省份所在的大区",
            "The region the province lies in",
            rule("persons.region"),
            REGIONS,
        ),
        Trait(
            "climate_zone",
            "code",
            "气候区",
            "Climate zone",
            "省份所属的建筑热工气候区",
            "The thermal climate zone of the province",
            rule("persons.climate_zone"),
            ZONES,
        ),
        Trait(
            "first_shop",
            "text",
            "首次来源店铺",
            "First shop",
            "最早认识该会员的店铺（代码）",
            "The shop (its code) that first knew the member",
            rule("persons.first_shop"),
            of_everyone=True,
        ),
        Trait(
            "first_channel",
            "code",
            "首次来源渠道",
            "First channel",
            "最早认识该会员的店铺所在平台",
            "The platform of the shop that first knew the member",
            rule("persons.first_channel"),
            CHANNELS,
            of_everyone=True,
        ),
        Trait(
            "birthday_month",
            "count",
            "生日月份",
            "Month of birth",
            "生日的公历月份，1 至 12；农历生日按当年对应的公历日期",
            "The month of the birthday, 1 to 12; of a lunar one that of this year's solar date",
            rule("persons.birthday_month"),
            of_everyone=True,
        ),
        Trait(
            "is_birthday_month",
            "boolean",
            "本月生日",
            "Birthday this month",
            "生日是否在统计日所在的公历月份；农历生日按当年对应的公历日期",
            "Whether it falls in the month of the as-of date; a lunar one by its solar date",
            rule("persons.is_birthday_month"),
            of_everyone=True,
        ),
        Trait(
            "next_birthday",
            "date",
            "下次生日",
            "Next birthday",
            "统计日当天或之后的第一个生日；2 月 29 日在平年算 28 日；农历生日换算为公历，"
            "当年没有该闰月算平月，没有三十算廿九",
            "The first birthday on or after the as-of date; 29 February falls on the 28th; a lunar"
            " one by its solar date, in the ordinary month where there is no leap month",
            rule("persons.next_birthday"),
            of_everyone=True,
        ),
        Trait(
            "days_to_birthday",
            "days",
            "距生日天数",
            "Days to birthday",
            "到下次生日的天数，当天为 0",
            "Days until the next birthday, 0 on the day",
            rule("persons.days_to_birthday"),
            of_everyone=True,
        ),
    ),
)
