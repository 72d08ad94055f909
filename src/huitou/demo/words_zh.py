"""Word lists of the generated Chinese brand: people, places and the catalogue of 青禾小筑.

Nothing here names a real person: names arise from combining common characters.
"""

from __future__ import annotations

from typing import NamedTuple

BRAND_NAME = "青禾小筑"

# Commonest first; the weight falls with the rank.
SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓韩冯曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏"
    "吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙史陶贺顾毛郝龚邵万覃"
    "武钱戴严莫孔向常汤"
)
GIVEN = tuple(
    "雨欣怡佳静婷敏丽芳娟艳玲萍燕红霞梅琳雪莹洁璐瑶颖慧思梦晓晨悦涵诗语彤若妍宁安然清秋月岚"
    "伟强磊军洋勇杰涛超明刚平辉鹏宇浩凯俊峰子轩博文泽睿航一舟远山川林知夏青禾小禾念之简"
)
NICK_HEADS = (
    "小满", "阿岚", "山茶", "青柠", "橘子汽水", "知夏", "南风", "星河", "半糖", "云朵", "暖阳",
    "鹿鸣", "一颗糖", "白日梦", "森林里", "月亮", "晚风", "栗子", "海盐", "初雪", "tb", "t_",
    "爱吃鱼的猫", "拾光",
)  # fmt: skip

# Province, its cities and the weight in online sales.
REGIONS: tuple[tuple[str, tuple[str, ...], float], ...] = (
    ("广东省", ("广州市", "深圳市", "佛山市", "东莞市", "珠海市", "惠州市"), 13.5),
    ("江苏省", ("南京市", "苏州市", "无锡市", "常州市", "南通市"), 9.6),
    ("浙江省", ("杭州市", "宁波市", "温州市", "嘉兴市", "金华市"), 9.4),
    ("上海市", ("上海市",), 6.8),
    ("北京市", ("北京市",), 6.1),
    ("山东省", ("济南市", "青岛市", "烟台市", "潍坊市"), 6.3),
    ("四川省", ("成都市", "绵阳市", "德阳市"), 5.4),
    ("河南省", ("郑州市", "洛阳市", "南阳市"), 4.9),
    ("湖北省", ("武汉市", "宜昌市", "襄阳市"), 4.4),
    ("福建省", ("福州市", "厦门市", "泉州市"), 4.3),
    ("湖南省", ("长沙市", "株洲市", "衡阳市"), 3.9),
    ("安徽省", ("合肥市", "芜湖市", "阜阳市"), 3.6),
    ("河北省", ("石家庄市", "保定市", "唐山市"), 3.5),
    ("辽宁省", ("沈阳市", "大连市"), 2.6),
    ("重庆市", ("重庆市",), 2.5),
    ("陕西省", ("西安市", "咸阳市"), 2.4),
    ("江西省", ("南昌市", "赣州市"), 2.0),
    ("广西壮族自治区", ("南宁市", "柳州市", "桂林市"), 1.9),
    ("云南省", ("昆明市", "大理白族自治州"), 1.5),
    ("天津市", ("天津市",), 1.5),
    ("黑龙江省", ("哈尔滨市", "大庆市"), 1.3),
    ("山西省", ("太原市", "大同市"), 1.3),
    ("贵州省", ("贵阳市", "遵义市"), 1.2),
    ("吉林省", ("长春市", "吉林市"), 1.1),
    ("内蒙古自治区", ("呼和浩特市", "包头市"), 0.9),
    ("新疆维吾尔自治区", ("乌鲁木齐市",), 0.6),
    ("甘肃省", ("兰州市",), 0.6),
    ("海南省", ("海口市", "三亚市"), 0.6),
    ("宁夏回族自治区", ("银川市",), 0.2),
    ("青海省", ("西宁市",), 0.15),
    ("西藏自治区", ("拉萨市",), 0.1),
)
DISTRICTS = ("东城区", "西湖区", "新城区", "高新区", "滨江区", "城南区", "开发区", "河西区")
STREETS = (
    "青竹路",
    "海棠道",
    "云锦路",
    "雪莲巷",
    "桂花街",
    "香樟大道",
    "松风路",
    "听雨巷",
    "白鹭街",
)

CARRIERS = ("中通快递", "圆通速递", "韵达快递", "申通快递", "顺丰速运", "EMS", "极兔速递")
CLOSE_REASONS = ("买家不想买了", "信息填写错误，重新拍", "同城见面交易", "付款遇到问题", "拍错了")
MESSAGES = (
    "请尽快发货",
    "送朋友的，请不要放小票，谢谢",
    "麻烦发顺丰",
    "要新日期的",
    "家里白天没人，放驿站",
)
# Who a present goes to, as a parcel names them.
FRIEND = "朋友"
REMARKS = ("'老客户，送小样", "'已改地址", "'催过一次", "'换货补发")


class Ware(NamedTuple):
    """A product of the catalogue: its price in fen."""

    code: str
    title: str
    category: str
    price_minor: int
    weight: float  # how often it is picked


_RANGES: tuple[tuple[str, str, tuple[str, ...], tuple[tuple[str, int, float], ...]], ...] = (
    ("H", "洗发护发", ("山茶花", "青竹", "迷迭香", "雪松"),
     (("洗发水 500ml", 79, 9), ("护发素 500ml", 69, 6), ("发膜 250g", 99, 4),
      ("护发精油 60ml", 129, 3), ("头皮精华 50ml", 159, 2), ("蓬松喷雾 150ml", 89, 2))),
    ("S", "护肤", ("积雪草", "茶树", "透明质酸", "神经酰胺"),
     (("洁面乳 120g", 68, 6), ("爽肤水 200ml", 118, 4), ("精华液 30ml", 199, 3),
      ("面霜 50g", 169, 3), ("防晒霜 50g", 109, 4), ("眼霜 20g", 189, 2))),
    ("M", "面膜", ("补水", "舒缓", "提亮", "紧致"),
     (("面膜 10片", 88, 6), ("清洁泥膜 100g", 79, 3), ("睡眠面膜 80g", 99, 2),
      ("眼膜 30对", 69, 2))),
    ("B", "身体护理", ("桂花", "白茶", "无花果", "海盐"),
     (("沐浴露 500ml", 59, 6), ("身体乳 300ml", 79, 4), ("护手霜 50g", 39, 5),
      ("身体磨砂膏 250g", 69, 2))),
    ("F", "香氛", ("山林", "晚香玉", "雨后"),
     (("香薰蜡烛 200g", 128, 2), ("固体香膏 15g", 69, 2), ("室内喷雾 100ml", 88, 1.5),
      ("淡香水 30ml", 238, 1))),
    ("U", "卸妆与唇部", ("温和", "清爽"),
     (("润唇膏 4g", 39, 4), ("卸妆油 200ml", 89, 3), ("卸妆膏 100g", 99, 2),
      ("化妆棉 200片", 19, 4))),
)  # fmt: skip
_GIFTS = (
    ("护发精油三件套", 299), ("洗护双支礼盒", 139), ("新年红礼盒", 399), ("女神节礼盒", 359),
    ("母亲节臻选礼盒", 459), ("七夕香氛礼盒", 329), ("中秋桂花礼盒", 269), ("旅行五件套", 119),
    ("护肤水乳霜礼盒", 489), ("伴手小礼盒", 89), ("会员年度礼盒", 599), ("圣诞倒数礼盒", 529),
)  # fmt: skip
_EXTRAS = (
    ("旅行装 100ml", 19), ("发圈", 9.9), ("面膜碗", 15), ("起泡网", 9.9), ("木梳", 49),
    ("束发带", 19.9), ("分装瓶三只", 25), ("补差价链接", 1),
)  # fmt: skip


def _catalogue() -> tuple[Ware, ...]:
    wares = [
        Ware(f"QH{key}{s:02d}{i:02d}", f"青禾 {scent}{title}", category, price * 100, weight)
        for key, category, scents, items in _RANGES
        for s, scent in enumerate(scents, 1)
        for i, (title, price, weight) in enumerate(items, 1)
    ]
    wares += [
        Ware(f"QHG{i:04d}", f"青禾 礼盒装 {title}", "礼盒", price * 100, 1.2)
        for i, (title, price) in enumerate(_GIFTS, 1)
    ]
    wares += [
        Ware(f"QHX{i:04d}", f"青禾 {title}", "小样与配件", round(price * 100), 2)
        for i, (title, price) in enumerate(_EXTRAS, 1)
    ]
    return tuple(wares)


CATALOGUE = _catalogue()
# Every city once, as (province, city, weight).
PLACES: tuple[tuple[str, str, float], ...] = tuple(
    (province, city, weight * share / total)
    for province, cities, weight in REGIONS
    for total in [sum(1 / n for n in range(1, len(cities) + 1))]
    for share, city in zip((1 / n for n in range(1, len(cities) + 1)), cities, strict=True)
)
