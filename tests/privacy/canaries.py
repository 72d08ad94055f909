"""One person whose every word is unique, planted wherever data come in, and searched everywhere."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb
from django.db import connection

ORDERS = {
    "kind": "orders",
    "grain": "order",
    "columns": {
        "order_no": "订单号",
        "ordered_at": "时间",
        "paid_at": "same as ordered_at",
        "paid": "金额",
        "buyer_nick": "会员名",
        "buyer_name": "姓名",
        "buyer_phone": "手机",
        "buyer_email": "邮箱",
        "receiver": "收货人",
        "receiver_phone": "收货电话",
        "remark": "留言",
        "province": "省",
        "city": "市",
    },
}
CUSTOMERS = {
    "kind": "customers",
    "columns": {
        "name": "姓名", "buyer_nick": "会员名", "phone": "手机", "email": "邮箱", "gender": "性别",
        "birthday": "生日",
    },
}  # fmt: skip
REFUNDS = {
    "kind": "refunds",
    "columns": {"refund_no": "退款号", "order_no": "订单号", "amount": "金额", "reason": "原因"},
}
REVIEWS = {
    "kind": "reviews",
    "columns": {
        "review_no": "评论号", "nick": "昵称", "rating": "评分", "content": "内容", "reply": "回复",
    },
}  # fmt: skip

NAME, NICK, RECEIVER = "金丝雀林", "CanaryNick77", "金丝雀收件"
PHONE, EMAIL = "19912345678", "Canary.Bird@Example.com"
SECOND_PHONE = "19987654321"
CANARIES = {
    NAME, NICK, NICK.lower(), RECEIVER, PHONE, "199-1234-5678", "199 1234 5678",
    "１９９１２３４５６７８", EMAIL, EMAIL.lower(), SECOND_PHONE, "留言金丝雀", "原因金丝雀",
    "评价金丝雀", "回复金丝雀", "金丝雀代收", "1991-03-17", "1991-02-02",
}  # fmt: skip

# What reaches the person, however it is written; bytes are dumped as hexadecimal digits.
CONTACTS = {
    PHONE, "199-1234-5678", "199 1234 5678", "１９９１２３４５６７８", SECOND_PHONE,
    EMAIL, EMAIL.lower(),
}  # fmt: skip
CONTACTS |= {contact.encode().hex() for contact in CONTACTS}

_ORDER_HEADER = "订单号,时间,金额,会员名,姓名,手机,邮箱,收货人,收货电话,留言,省,市"
_CANARY = f"{NICK},{NAME},{PHONE},{EMAIL},{RECEIVER}"
_BYSTANDER = "bystander88,路人甲,18600000001,by@example.com"
# The canary's orders and one refused row, and a bystander's: they share files and a city.
ORDER_ROWS = f"""{_ORDER_HEADER}
C100001,2026-05-01 10:00:00,100.00,{_CANARY},199-1234-5678,留言金丝雀,浙江省,杭州市
C100002,2026-06-01 10:00:00,50.50,{_CANARY},{PHONE},,浙江省,杭州市
C100003,2026-06-02 10:00:00,abc,{_CANARY},１９９１２３４５６７８,,浙江省,杭州市
B200001,2026-06-03 10:00:00,20.00,{_BYSTANDER},路人甲,18600000001,谢谢,浙江省,杭州市
B200002,2026-06-04 10:00:00,xyz,{_BYSTANDER},路人甲,18600000001,,浙江省,杭州市
B200003,2026-06-05 10:00:00,30.00,{_BYSTANDER},金丝雀代收,{PHONE},,浙江省,杭州市
"""
CUSTOMER_ROWS = f"""姓名,会员名,手机,邮箱,性别,生日
{NAME},{NICK},199 1234 5678,{EMAIL},女,1991-03-17
路人甲,bystander88,18600000001,by@example.com,男,1990-01-02
"""
NEWER_CUSTOMER_ROWS = f"""姓名,会员名,手机,邮箱,性别,生日
{NAME},{NICK},{SECOND_PHONE},{EMAIL},女,农历1991-02-02
"""
REFUND_ROWS = """退款号,订单号,金额,原因
R1,C100001,10.00,原因金丝雀
R2,B200001,1.00,不合适
"""
REVIEW_ROWS = f"""评论号,昵称,评分,内容,回复
V100001,{NICK},5,评价金丝雀,回复金丝雀
V100002,bystander88,4,不错,谢谢
"""
# A header nobody knows: the file waits on the mapping page.
UNKNOWN_ROWS = f"""alpha,beta,gamma
{PHONE},x,1
"""


def found_in_tables(wanted: Iterable[str] = CANARIES) -> list[str]:
    """``table: canary`` for every canary in any column of any table, as a dump would hold it."""
    found = []
    with connection.cursor() as cursor:
        cursor.execute("select tablename from pg_tables where schemaname = current_schema()")
        for (table,) in sorted(cursor.fetchall()):
            cursor.execute(f'select to_jsonb(t)::text from "{table}" t')
            text = "\n".join(row[0] for row in cursor.fetchall())
            found += [f"{table}: {canary}" for canary in _canaries_in(text, wanted)]
    return found


def found_in_files(root: Path, wanted: Iterable[str] = CANARIES) -> list[str]:
    """``file: canary`` for every canary in any file below ``root``, in any dress."""
    found = []
    for path in sorted(root.rglob("*")):
        if path.is_file():
            name = str(path.relative_to(root))
            texts = (name, *_texts(path))
            found += [
                f"{name}: {canary}" for text in texts for canary in _canaries_in(text, wanted)
            ]
    return found


def _texts(path: Path) -> Iterator[str]:
    raw = path.read_bytes()
    yield raw.decode("utf-8", "replace")
    yield raw.decode("gb18030", "replace")
    if path.suffix == ".parquet":
        decoded = "select to_json(t)::varchar from read_parquet(?) t"
        yield "\n".join(row[0] for row in duckdb.connect().execute(decoded, [str(path)]).fetchall())
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                yield archive.read(name).decode("utf-8", "replace")


def _canaries_in(text: str, wanted: Iterable[str] = CANARIES) -> list[str]:
    folded = text.casefold()
    return sorted(canary for canary in wanted if canary.casefold() in folded)


def sums(brand_id: int) -> dict[str, Any]:
    """The figures that an erasure must leave alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select count(*), sum(paid_minor), sum(refunded_minor), count(distinct member_id),
              count(*) filter (where is_purchase), sum(paid_minor) filter (where city = '杭州市')
            from commerce_order where brand_id = %s
            """,
            [brand_id],
        )
        orders = cursor.fetchone()
        cursor.execute("select count(*), sum(amount_minor) from commerce_refund")
        refunds = cursor.fetchone()
        cursor.execute("select count(*), sum(rating) from commerce_review")
        reviews = cursor.fetchone()
        cursor.execute("select count(*) from members_member where brand_id = %s", [brand_id])
        members = cursor.fetchone()
        cursor.execute("select code, count(*) from ingest_quarantinedrow group by 1 order by 1")
        return {
            "orders": orders,
            "refunds": refunds,
            "reviews": reviews,
            "members": members,
            "quarantined": cursor.fetchall(),
        }
