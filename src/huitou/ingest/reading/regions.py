"""Province and city in an address, by the official list of divisions."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib import resources
from typing import NamedTuple


class Region(NamedTuple):
    """A province in its short common form and a city; '' when unknown."""

    province: str
    city: str


@cache
def _divisions() -> tuple[dict[str, str], dict[str, dict[str, str]], dict[str, Region]]:
    """Short names: province → full, province → city short → city full, city short → region."""
    raw = json.loads(resources.files(__package__).joinpath("regions.json").read_text("utf-8"))
    provinces = {short_name(name): name for name in raw}
    cities = {name: {short_name(city): city for city in raw[name]} for name in raw}
    owners: dict[str, set[Region]] = {}
    for province, names in raw.items():
        for city in names:
            owners.setdefault(short_name(city), set()).add(Region(province, city))
    unique = {city: next(iter(found)) for city, found in owners.items() if len(found) == 1}
    return provinces, cities, unique


_SUFFIX = re.compile(
    "(壮族自治区|回族自治区|维吾尔自治区|自治区|特别行政区|地区|盟|省|市"
    "|(?:[^省市]{1,12}族)*自治州)$"
)
_PEOPLES = re.compile(
    "(?:朝鲜|藏|羌|彝|布依|苗|侗|傣|景颇|白|傈僳|哈尼|壮|蒙古|回|哈萨克|柯尔克孜|土家)族.*$"
)


def short_name(name: str) -> str:
    """``name`` without its administrative suffix.

    >>> short_name("浙江省"), short_name("新疆维吾尔自治区"), short_name("凉山彝族自治州")
    ('浙江', '新疆', '凉山')
    """
    short = _PEOPLES.sub("", name) if name.endswith("州") else name
    short = _SUFFIX.sub("", short)
    return short if len(short) >= 2 else name


def region_of(province: str, city: str = "") -> Region:
    """The region that a province cell and a city cell name; unknown names are kept as written.

    >>> region_of("浙江", "杭州")
    Region(province='浙江省', city='杭州市')
    >>> region_of("上海", "上海市")
    Region(province='上海市', city='上海市')
    """
    provinces, cities, unique = _divisions()
    full = provinces.get(short_name(province), "") if province else ""
    if not full:
        known = unique.get(short_name(city)) if city and not province else None
        return known or Region(province, city)
    if full in cities[full].values() and (not city or city == "市辖区"):
        return Region(full, full if city else "")
    return Region(full, cities[full].get(short_name(city), city))


_PLACE = re.compile(r"[\s,，]+")


def region_in(address: str) -> Region:
    """The region at the head of an address; both parts '' when it names none.

    >>> region_in("浙江杭州市西湖区北山街道青竹路18号")
    Region(province='浙江省', city='杭州市')
    >>> region_in("上海 上海市 徐汇区 虹梅路街道")
    Region(province='上海市', city='上海市')
    """
    provinces, cities, unique = _divisions()
    text = _PLACE.sub("", address[:40])
    province = ""
    for size in (2, 3):
        if text[:size] in provinces:
            province = provinces[text[:size]]
            rest = text[len(province) :] if text.startswith(province) else text[size:]
            break
    else:
        for size in range(2, 8):
            if text[:size] in unique and text[size : size + 1] in ("", "市", "州", "地", "盟"):
                return unique[text[:size]]
        return Region("", "")
    for size in range(2, min(12, len(rest)) + 1):
        known = cities[province].get(rest[:size]) or cities[province].get(short_name(rest[:size]))
        if known:
            return Region(province, known)
    # In the four municipalities the district follows the province at once.
    if province in cities[province].values() and rest:
        return Region(province, province)
    return Region(province, "")
