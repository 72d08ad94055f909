"""A database with contacts in clear is sealed without losing any."""

from __future__ import annotations

import json
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connection
from psycopg.types.json import Jsonb

from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order
from huitou.members.models import Conflict, Identity, Member
from huitou.members.queries import search
from huitou.vault.columns import opened

members = import_module("huitou.members.migrations.0005_sealed_contacts")
commerce = import_module("huitou.commerce.migrations.0003_sealed_receivers")
_BEFORE = """
alter table members_identity drop constraint identity_contact_sealed;
alter table members_member add phone_clear text not null default '',
  add email_clear text not null default '';
alter table members_conflict add profile_clear jsonb not null default '{}';
alter table commerce_order add receiver_clear text not null default '',
  add receiver_phone_clear text not null default '';
"""


def execute(statement: str, values: list[Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


@pytest.fixture
def member(brand: Brand, shop: Shop) -> Member:
    """A member as the version before wrote them, with a phone in two spellings."""
    execute(_BEFORE)
    found = Member.objects.create(brand=brand, name="沈知夏")
    execute("update members_member set phone_clear = '19900000001', email_clear = 'a@example.com'")
    for kind, value in (
        ("phone", "+8619900000001"),
        ("phone", "19900000001"),
        ("email", "a@example.com"),
        ("email", "erased:00"),
        ("buyer_nick", "zhixia"),
    ):
        Identity.objects.create(
            brand=brand, member=found, platform="taobao", kind=kind, value=value
        )
    Conflict.objects.create(brand=brand, member=found, kind="phone", name="顾岚")
    execute("""update members_conflict set profile_clear = '{"phone": "18600000001"}'""")
    Order.objects.create(brand=brand, shop=shop, member=found, order_no="A1", currency="CNY")
    execute(
        "update commerce_order set receiver_clear = '沈知夏', receiver_phone_clear = '19900000001'"
    )
    for table, image in (
        ("members_member", {"phone": "138****8000", "email": "", "brand_id": brand.pk}),
        ("commerce_order", {"receiver": "沈", "receiver_phone": "1", "brand_id": brand.pk}),
    ):
        execute(
            "insert into eventlog_beforeimage (source_ref, table_name, row_id, before)"
            " values (1, %s, 1, %s)",
            [table, Jsonb(image)],
        )
    return found


def test_everything_in_clear_is_sealed_and_found_again(brand: Brand, member: Member) -> None:
    # when
    editor = SimpleNamespace(connection=connection)
    members.seal_contacts(None, editor)
    commerce.seal_receivers(None, editor)

    # then
    member.refresh_from_db()
    assert (member.phone, member.phone_tail, member.email) == (
        "19900000001", "0001", "a@example.com",
    )  # fmt: skip
    keys = Identity.objects.order_by("id")
    assert [key.clear for key in keys] == [
        "+8619900000001", "19900000001", "a@example.com", "erased:00", "zhixia",
    ]  # fmt: skip
    assert [key.value[:1] for key in keys] == ["#", "#", "#", "e", "z"]
    assert search(brand.pk, "19900000001", 10) == [member.pk]
    assert Conflict.objects.get().said == {"phone": "18600000001"}
    order = Order.objects.get()
    assert (order.receiver, order.receiver_phone) == ("沈知夏", "19900000001")
    assert len(bytes(order.receiver_key or b"")) == 8


def test_images_of_rows_are_sealed_too(member: Member) -> None:
    # when
    editor = SimpleNamespace(connection=connection)
    members.seal_contacts(None, editor)
    commerce.seal_receivers(None, editor)

    # then
    with connection.cursor() as cursor:
        cursor.execute("select table_name, before::text from eventlog_beforeimage")
        images = {table: json.loads(before) for table, before in cursor.fetchall()}
    own, parcel = images["members_member"], images["commerce_order"]
    assert opened([own["phone"]], table="members_member", column="phone") == ["138****8000"]
    assert (own["phone_tail"], own["email"]) == ("8000", None)
    assert opened([parcel["receiver"]], table="commerce_order", column="receiver") == ["沈"]
    assert len(parcel["receiver_key"]) == len("\\x") + 16


def test_suppressed_addresses_are_not_forgotten_silently(brand: Brand) -> None:
    # given
    execute(
        "insert into members_suppression (brand_id, kind, digest, reason, at)"
        " values (%s, 'phone', 'x', 'complaint', now())",
        [brand.pk],
    )

    # then
    with pytest.raises(RuntimeError, match="suppress them again"):
        members.seal_contacts(None, SimpleNamespace(connection=connection))
