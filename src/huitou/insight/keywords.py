"""Words in category names and product titles that hint at who somebody buys for, and who they are.

A list is of plain pieces of text, searched in the lower-cased category and title. English words
stand between blanks, so that "men" is not found in "women".
"""

from __future__ import annotations

from dataclasses import dataclass

from huitou.insight.definitions import Label


@dataclass(frozen=True)
class Hint:
    """A code, and the words that speak for it."""

    label: Label
    words: tuple[str, ...]


FAMILY_ROLES: tuple[Hint, ...] = (
    Hint(
        Label("baby", "有宝宝", "Baby at home"),
        ("婴", "宝宝", "奶粉", "纸尿裤", "尿不湿", "母婴", "孕", "奶瓶", " baby ", " infant ",
         " diapers ", " nursery "),
    ),
    Hint(
        Label("child", "有孩子", "Child at home"),
        ("儿童", "童装", "童鞋", "小学生", "积木", "绘本", "玩具", " kids ", " toys ", " child ",
         " children "),
    ),
    Hint(
        Label("elders", "有老人", "Elders at home"),
        ("老人", "中老年", "老花", "助听", "血压", "轮椅", " senior ", " seniors ", " elderly ",
         " denture "),
    ),
    Hint(
        Label("pets", "有宠物", "Pet at home"),
        ("宠物", "猫", "狗", "犬", " pet ", " pets ", " cat ", " dog "),
    ),
)  # fmt: skip
GENDERS: tuple[Hint, ...] = (
    Hint(
        Label("female", "女", "Female"),
        ("女装", "女士", "女鞋", "女包", "连衣裙", "口红", "彩妆", "文胸", "卫生巾", "美甲",
         " women ", " ladies ", " makeup ", " makeups ", " lipstick ", " feminine "),
    ),
    Hint(
        Label("male", "男", "Male"),
        ("男装", "男士", "男鞋", "剃须", "领带", "渔具", " men ", " mens ", " shaving ", " beard "),
    ),
)  # fmt: skip
AGE_BANDS: tuple[Hint, ...] = (
    Hint(
        Label("under_25", "25 岁以下", "Under 25"),
        ("学生", "校园", "青少年", "电竞", "手办", "盲盒", " teen ", " student ", " campus "),
    ),
    Hint(
        Label("25_39", "25–39 岁", "25 to 39"),
        ("孕", "婴", "奶粉", "母婴", "通勤", "职场", " maternity ", " baby ", " infant ",
         " diapers "),
    ),
    Hint(
        Label("40_59", "40–59 岁", "40 to 59"),
        ("抗皱", "抗衰", "中年", "妈妈装", "爸爸装", " anti-aging ", " anti-wrinkle "),
    ),
    Hint(
        Label("60_up", "60 岁及以上", "60 and over"),
        ("老花", "中老年", "老人", "助听", "轮椅", " senior ", " seniors ", " elderly ",
         " denture "),
    ),
)  # fmt: skip
