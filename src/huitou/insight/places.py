"""The provinces of China with their region and climate zone.

Zones follow the thermal design zones of buildings (GB 50176), by what holds for most people of a
province: severe cold, cold, hot summer and cold winter, hot summer and warm winter, mild.
"""

from __future__ import annotations

from dataclasses import dataclass

from huitou.insight.definitions import Label

ZONES: tuple[Label, ...] = (
    Label("severe_cold", "严寒", "Severe cold"),
    Label("cold", "寒冷", "Cold"),
    Label("hot_cold", "夏热冬冷", "Hot summer, cold winter"),
    Label("hot_warm", "夏热冬暖", "Hot summer, warm winter"),
    Label("mild", "温和", "Mild"),
)
REGIONS: tuple[Label, ...] = (
    Label("north", "华北", "North"),
    Label("northeast", "东北", "Northeast"),
    Label("east", "华东", "East"),
    Label("central", "华中", "Central"),
    Label("south", "华南", "South"),
    Label("southwest", "西南", "Southwest"),
    Label("northwest", "西北", "Northwest"),
    Label("hmt", "港澳台", "Hong Kong, Macao, Taiwan"),
)


@dataclass(frozen=True)
class Province:
    """A province: its short and full name, its English one, and where it lies."""

    short: str
    full: str
    english: str
    region: str
    zone: str

    @property
    def names(self) -> tuple[str, ...]:
        """Every way it is written."""
        return self.short, self.full, self.english, f"{self.english} Province"


PROVINCES: tuple[Province, ...] = (
    Province("北京", "北京市", "Beijing", "north", "cold"),
    Province("天津", "天津市", "Tianjin", "north", "cold"),
    Province("河北", "河北省", "Hebei", "north", "cold"),
    Province("山西", "山西省", "Shanxi", "north", "cold"),
    Province("内蒙古", "内蒙古自治区", "Inner Mongolia", "north", "severe_cold"),
    Province("辽宁", "辽宁省", "Liaoning", "northeast", "severe_cold"),
    Province("吉林", "吉林省", "Jilin", "northeast", "severe_cold"),
    Province("黑龙江", "黑龙江省", "Heilongjiang", "northeast", "severe_cold"),
    Province("上海", "上海市", "Shanghai", "east", "hot_cold"),
    Province("江苏", "江苏省", "Jiangsu", "east", "hot_cold"),
    Province("浙江", "浙江省", "Zhejiang", "east", "hot_cold"),
    Province("安徽", "安徽省", "Anhui", "east", "hot_cold"),
    Province("福建", "福建省", "Fujian", "east", "hot_warm"),
    Province("江西", "江西省", "Jiangxi", "east", "hot_cold"),
    Province("山东", "山东省", "Shandong", "east", "cold"),
    Province("河南", "河南省", "Henan", "central", "cold"),
    Province("湖北", "湖北省", "Hubei", "central", "hot_cold"),
    Province("湖南", "湖南省", "Hunan", "central", "hot_cold"),
    Province("广东", "广东省", "Guangdong", "south", "hot_warm"),
    Province("广西", "广西壮族自治区", "Guangxi", "south", "hot_warm"),
    Province("海南", "海南省", "Hainan", "south", "hot_warm"),
    Province("重庆", "重庆市", "Chongqing", "southwest", "hot_cold"),
    Province("四川", "四川省", "Sichuan", "southwest", "hot_cold"),
    Province("贵州", "贵州省", "Guizhou", "southwest", "mild"),
    Province("云南", "云南省", "Yunnan", "southwest", "mild"),
    Province("西藏", "西藏自治区", "Tibet", "southwest", "severe_cold"),
    Province("陕西", "陕西省", "Shaanxi", "northwest", "cold"),
    Province("甘肃", "甘肃省", "Gansu", "northwest", "cold"),
    Province("青海", "青海省", "Qinghai", "northwest", "severe_cold"),
    Province("宁夏", "宁夏回族自治区", "Ningxia", "northwest", "cold"),
    Province("新疆", "新疆维吾尔自治区", "Xinjiang", "northwest", "severe_cold"),
    Province("香港", "香港特别行政区", "Hong Kong", "hmt", "hot_warm"),
    Province("澳门", "澳门特别行政区", "Macao", "hmt", "hot_warm"),
    Province("台湾", "台湾省", "Taiwan", "hmt", "hot_warm"),
)
