"""Every address that names a record × every role: the record of another brand or shop is not there.

``test_authorisation`` says which role gets in at all; here the records are real, and the answer is
exact: 403 for a role without the permission, 404 for one that has it, in its own brand.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from huitou.api.models import Connection, Delivery, IncomingHook, Subscription
from huitou.brands.models import ApiKey, Brand, Role, Shop, Staff, StaffRole
from huitou.brands.permissions import BRAND_WIDE, PERMISSIONS
from huitou.ingest.models import Batch, QuarantinedRow
from huitou.ingest.uploads import pending_files
from huitou.members.models import (
    AttributeDefinition,
    Conflict,
    Member,
    Suggestion,
    Tag,
    TagChange,
    TagGroup,
    Touchpoint,
)
from huitou.segments.models import Segment
from huitou.segments.services import put_segment
from tests.architecture.test_authorisation import EXPECTED, ROUTES
from tests.factories import make_brand, make_shop, make_staff
from tests.ingest.pages import OWN_FILE, damaged, imported, upload

# Addresses whose arguments name no record of a brand.
_NO_RECORD = {"association_export", "members_export", "segment_comparison"}
# Addresses that take posts only.
POST_ONLY = {
    "import_undo", "import_retry", "mapping_preview", "mapping_download", "staff_roles",
    "staff_account", "api_key_revoke", "connection_close", "connection_ask", "hook_again",
    "webhook_close", "delivery_again", "identity_suggestion", "identity_conflict", "member_split",
    "attribute_retired", "touchpoint_retired", "tag_change_undone", "member_attributes",
    "member_birthday", "member_tag", "member_consent", "member_touch", "member_contact",
    "segment_state", "segment_restored",
}  # fmt: skip
# What else than 200 an owner of the brand is answered: the form that was not filled in.
_ANSWERS = {"quarantine_upload": 302}

# What is done to a record that is not there leads back to the list, which says so.
_LEADS_BACK = {
    "identity_suggestion", "identity_conflict", "api_key_revoke", "connection_close",
    "connection_ask", "hook_again", "webhook_close", "delivery_again", "attribute_retired",
    "touchpoint_retired", "tag_change_undone",
}  # fmt: skip

NAMES = sorted(
    name
    for name, arguments in ROUTES.items()
    if arguments and EXPECTED.get(name) in PERMISSIONS and name not in _NO_RECORD
)
Records = dict[str, Any]
NOW = datetime(2026, 6, 30, 4, tzinfo=UTC)


@pytest.fixture
def records(
    client: Client, home: Path, brand: Brand, shop: Shop, samples: Path, tmp_path: Path
) -> Records:
    """Argument of an address → a record of ``brand`` and ``shop``; a new argument adds its line."""
    batch = imported(shop, tmp_path, damaged(samples))
    owner = Client()
    owner.force_login(make_staff(brand, role=Role.OWNER, username="owner"))
    upload(owner, shop, ("till.csv", OWN_FILE.encode()))
    a, b = (Member.objects.create(brand=brand, name=name, first_shop=shop) for name in "甲乙")
    suggestion = Suggestion.objects.create(brand=brand, a=a, b=b, probability=0.9)
    key, connection, webhook = _open_doors(shop)
    return {
        "prefix": key.prefix,
        "connection_id": connection.pk,
        "hook_id": IncomingHook.objects.create(connection=connection, event_id="1", body=b"").pk,
        "webhook_close public_id": webhook.public_id,
        "delivery_id": Delivery.objects.create(
            subscription=webhook, message_id=webhook.public_id, due_at=NOW
        ).pk,
        "batch_id": batch.pk,
        "row_no": QuarantinedRow.objects.get(batch=batch).row_no,
        "token": pending_files(brand.pk)[0].token,
        "public_id": a.public_id,
        "suggestion_id": suggestion.pk,
        "conflict_id": Conflict.objects.create(brand=brand, member=a, kind="phone", name="丙").pk,
        "staff_id": make_staff(brand, username="colleague").pk,
        **_defined(brand),
    }


def _defined(brand: Brand) -> Records:
    """An attribute, a touchpoint, an act of tagging and a segment."""
    attribute = AttributeDefinition.objects.create(
        brand=brand, code="skin", label_zh="肤质", label_en="Skin", kind="text"
    )
    touchpoint = Touchpoint.objects.create(brand=brand, code="desk", name="前台", kind="store")
    group = TagGroup.objects.create(brand=brand, name="礼")
    tag = Tag.objects.create(group=group, name="送礼")
    change = TagChange.objects.create(brand=brand, tag=tag, verb="put", source="staff", at=NOW)
    return {
        "attribute_retired code": attribute.code,
        "touchpoint_retired code": touchpoint.code,
        "change_id": change.pk,
        "slug": put_segment(
            brand=brand, slug="buyers", name="客", rule={"trait": "frequency", "gte": 1}, now=NOW
        ).slug,
    }


def _open_doors(shop: Shop) -> tuple[ApiKey, Connection, Subscription]:
    """A key, a connection and a webhook of the shop's brand."""
    key = ApiKey.objects.create(
        brand=shop.brand, name="till", prefix="hk_till", secret_sha256=b"x" * 32, scopes=[]
    )
    connection = Connection.objects.create(
        brand=shop.brand, shop=shop, kind="shopify", token="t" * 32, secret_sealed="x"
    )
    webhook = Subscription.objects.create(
        brand=shop.brand, url="https://example.com/", kinds=[], secret_sealed="x"
    )
    webhook.refresh_from_db()
    return key, connection, webhook


def address(name: str, records: Records) -> str:
    """The address ``name`` of the records."""
    # One argument may name records of several kinds: then the address stands before it.
    keys = {a: key if (key := f"{name} {a}") in records else a for a in ROUTES[name]}
    unknown = set(keys.values()) - records.keys()
    assert not unknown, f"{name}: say which record stands for {sorted(unknown)}"
    return reverse(name, kwargs={argument: records[key] for argument, key in keys.items()})


def answers(client: Client, records: Records) -> dict[str, int]:
    """``method address`` → status, for every address that names a record."""
    return {
        f"{method} {name}": getattr(client, method)(address(name, records)).status_code
        for name in NAMES
        for method in ("get", "post")
    }


def expected(role: str, *, brand_wide: int) -> dict[str, int]:
    """What somebody with ``role`` elsewhere is answered."""
    found = {}
    for name in NAMES:
        permission = EXPECTED[name]
        status = 404 if role in PERMISSIONS[permission] else 403
        status = brand_wide if permission in BRAND_WIDE and status == 404 else status
        found[f"get {name}"] = 405 if name in POST_ONLY else status
        found[f"post {name}"] = 302 if status == 404 and name in _LEADS_BACK else status
    return found


def traces() -> tuple[object, ...]:
    """What a post could have changed."""
    return (
        list(Batch.objects.order_by("id").values_list("state", "retries")),
        list(Suggestion.objects.values_list("state", flat=True)),
        list(Conflict.objects.values_list("state", flat=True)),
        list(StaffRole.objects.order_by("id").values_list("staff", "brand", "shop", "role")),
        list(Staff.objects.order_by("id").values_list("is_active", "password")),
        list(Member.objects.order_by("id").values_list("merged_into", flat=True)),
        list(ApiKey.objects.values_list("revoked_at", flat=True)),
        list(Connection.objects.values_list("closed_at", flat=True)),
        list(Subscription.objects.values_list("disabled_at", flat=True)),
        list(IncomingHook.objects.values_list("state", "processed_at")),
        list(Delivery.objects.values_list("state", "attempts", "due_at")),
        list(Segment.objects.values_list("name", "keeping", "archived_at")),
    )


def test_the_records_are_there_for_an_owner(client: Client, brand: Brand, records: Records) -> None:
    client.force_login(make_staff(brand, role=Role.OWNER))

    found = {name: client.get(address(name, records)).status_code for name in NAMES}

    assert found == {name: 405 if name in POST_ONLY else _ANSWERS.get(name, 200) for name in NAMES}


def test_a_stranger_is_led_to_sign_in(records: Records) -> None:
    before = traces()

    found = answers(Client(), records)

    assert found == {
        f"{method} {name}": 405 if method == "get" and name in POST_ONLY else 302
        for name in NAMES
        for method in ("get", "post")
    }
    assert traces() == before


@pytest.mark.parametrize("role", Role.values)
def test_a_record_of_another_brand_is_not_there(
    client: Client, records: Records, role: str
) -> None:
    # given
    other = make_brand()
    make_shop(other)
    client.force_login(make_staff(other, role=Role(role)))
    before = traces()

    # when
    found = answers(client, records)

    # then
    assert found == expected(role, brand_wide=404)
    assert traces() == before


@pytest.mark.parametrize("role", Role.values)
def test_a_record_of_another_shop_is_not_there(
    client: Client, records: Records, brand: Brand, role: str
) -> None:
    # given somebody limited to a second shop of the brand
    staff = make_staff()
    StaffRole.objects.create(staff=staff, brand=brand, shop=make_shop(brand), role=role)
    client.force_login(staff)
    before = traces()

    # when
    found = answers(client, records)

    # then
    assert found == expected(role, brand_wide=403)
    assert traces() == before
