"""A generated 54-column Taobao order list in GBK, with known totals and known damage."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

_SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "taobao_ExportOrderList_2018.csv"
_REGIONS = (
    "浙江省 杭州市 西湖区 北山街道",
    "广东省 深圳市 南山区 粤海街道",
    "上海 上海市 徐汇区 虹梅路街道",
    "四川省 成都市 武侯区 望江路街道",
    "西藏自治区 拉萨市 城关区 八廓街道",
)
_STATES = ("交易成功",) * 7 + ("交易关闭", "等待买家付款", "卖家已发货，等待买家确认")
_PRICES = tuple(range(990, 39900, 1000))


@dataclass(frozen=True)
class Totals:
    """What reading the file must give."""

    rows: int
    accepted: int
    paid_minor: int


def _damaged(row: bytes, choice: int) -> bytes:
    """``row`` broken so that it must be set aside, in one of several ways."""
    ways = (
        lambda: row[: row.index(b",")],
        lambda: row + b",x",
        lambda: b"2.01E+17" + row[row.index(b",") :],
        lambda: row.replace(b"@example.com", b"\x80\xff", 1),
        lambda: row.replace(b"2018-", b"2018-13-", 1),
        lambda: row.replace(b'="', b'"', 1).replace(b'",', b'"x,', 1),
    )
    return ways[choice]()


def write_order_list(
    path: Path, rows: int, *, seed: int = 1, members: int | None = None, damage: float = 0.0
) -> Totals:
    """Writes ``rows`` orders of ``members`` buyers (default a third as many) to ``path``.

    A share of ``damage`` rows is broken beyond reading. Equal arguments write equal bytes.
    """
    rng = random.Random(seed)
    members = members or max(rows // 3, 1)
    start = datetime(2018, 1, 1)
    paid_minor = accepted = 0
    with path.open("wb") as file:
        file.write(_SAMPLE.read_bytes().partition(b"\n")[0].rstrip(b"\r") + b"\n")
        for at in range(rows):
            row, paid = _row(rng, at, members, start)
            if rng.random() < damage:
                row = _damaged(row, rng.randrange(6))
            else:
                accepted += 1
                paid_minor += paid
            file.write(row + b"\n")
    return Totals(rows, accepted, paid_minor)


def _row(rng: random.Random, at: int, members: int, start: datetime) -> tuple[bytes, int]:
    state = rng.choice(_STATES)
    buyer = rng.randrange(members)
    pieces = rng.randrange(1, 4)
    paid = 0 if state == "等待买家付款" else rng.choice(_PRICES) * pieces
    ordered = start + timedelta(seconds=rng.randrange(365 * 86400))
    paid_at = f"{ordered + timedelta(seconds=rng.randrange(600))}" if paid else ""
    price = f"{paid / 100:.2f}"
    refund = price if state == "交易关闭" else "0.00"
    region = rng.choice(_REGIONS)
    text = (
        f'="{201800000000000000 + at}",会员{buyer}号,buyer{buyer}@example.com,{price},0.00,0,'
        f'{price},0,{price},0,{state},"",沈知夏,'
        f'"{region}青竹路 {buyer % 900}号2幢301室(310000)",快递,'
        f"'null,'199{buyer:08d},{ordered},{paid_at},"
        f'"青禾 山茶花洗发水 500ml，控油蓬松",1,No:780000{at},中通快递,"",{pieces},0,'
        f"青禾小筑旗舰店,"
        f"订单未关闭,0.00元,0.00元,,手机订单,,,,,否,,,,,0.00,0,否,,,,,,{refund},,{paid_at},"
        f"{price}元,0.00"
    )
    return text.encode("gb18030"), paid
