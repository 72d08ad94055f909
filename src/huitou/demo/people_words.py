"""Word lists of the generated customers: streets, compounds, and characters that sound alike.

Nothing here names a real person or place: names and addresses arise from combining common parts.
"""

from __future__ import annotations

# Groups of characters that input methods and agents on the phone confuse.
SOUND_ALIKE = (
    "芳方", "丽莉", "娟涓", "艳燕", "玲琳", "萍平", "红宏虹", "霞侠", "梅玫",
    "雪学", "莹盈", "瑶遥", "颖影", "慧惠", "思斯", "梦孟", "晨辰", "悦月",
    "涵含", "诗施", "语雨宇", "彤桐", "若偌", "伟玮", "强墙", "磊垒", "军君",
    "洋阳", "勇永", "杰洁", "涛韬", "超朝", "明铭", "刚钢", "辉晖", "鹏朋",
    "浩皓", "俊峻", "峰锋", "轩萱", "博勃", "文雯", "泽择", "睿瑞", "欣心",
    "怡宜", "佳嘉", "静婧", "婷庭", "敏珉", "晓小", "清青", "秋丘", "安桉",
    "然冉", "宁凝",
)  # fmt: skip
PLACE_HEADS = (
    "青竹", "海棠", "云锦", "雪莲", "桂花", "香樟", "松风", "听雨", "白鹭", "金桥", "银杏", "望江",
    "长宁", "永安", "建设", "人民", "解放", "文化", "学府", "体育", "东湖", "西溪", "南山", "北苑",
    "新华", "和平", "光明", "幸福", "朝阳", "春晓", "枫林", "梧桐", "紫荆", "玉兰", "翠柏", "龙腾",
    "凤栖", "锦绣", "天福", "万象",
)  # fmt: skip
STREET_TAILS = ("路", "街", "大道", "巷", "东路", "西路", "南街", "北街")
COMPOUND_TAILS = ("花园", "小区", "公寓", "名苑", "华府", "家园", "新村", "国际", "一期", "雅居")
DISTRICT_HEADS = "东西南北中江河湖山城"
DISTRICT_TAILS = "陵安阳宁川平泉湖"
# Mobile prefixes and how often they are met.
PREFIXES = (
    130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 147, 150, 151, 152, 153, 155, 156, 157, 158,
    159, 166, 173, 176, 177, 178, 180, 181, 182, 183, 185, 186, 187, 188, 189, 191, 198, 199,
)  # fmt: skip
CALLED = ("女士", "先生", "小姐")
COUNTED = "零一二三四五六七八九"
