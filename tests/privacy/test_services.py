"""Export, retention, what counts as the person, and resealing."""

from __future__ import annotations

import io
import json
import os
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from huitou.brands.models import Brand, Shop
from huitou.commerce.models import Order
from huitou.eventlog.audit import Actor
from huitou.eventlog.before_images import keep_before, restore_rows
from huitou.eventlog.models import AuditEntry
from huitou.ingest.models import Batch, BatchState, QuarantinedRow
from huitou.kernel.errors import RefusedInputError
from huitou.members.models import Identity, Member
from huitou.privacy.exporting import export_member, write_export
from huitou.privacy.models import PrivacyRequest
from huitou.privacy.retention import EXPORT_DAYS, retain
from huitou.privacy.services import request_erasure
from huitou.privacy.sought import Sought
from huitou.privacy.steps import exports_folder, mask_file
from huitou.privacy.subjects import Subject, subject_of
from huitou.privacy.unmasking import Contact, unmask
from huitou.vault.keyring import keyring, rotate
from huitou.vault.resealing import reseal, usage
from tests.factories import make_brand, make_identity, make_shop

NOW = datetime(2026, 7, 1, 4, tzinfo=UTC)
AGENT = Actor("staff", id=7, name="agent")


@pytest.fixture
def shop(db: None, home: Path) -> Shop:
    """A shop; keys and files in a folder of the test's own."""
    return make_shop()


@pytest.fixture
def member(shop: Shop) -> Member:
    """沈知夏 with an order and a nick."""
    return make_member(shop, "沈知夏", "19900000001")


def make_member(shop: Shop, name: str, phone: str, *, nick: str = "zhixia77") -> Member:
    """A member with an order and two identifiers."""
    member = Member.objects.create(brand=shop.brand, name=name, phone=phone, first_shop=shop)
    for kind, value in (("buyer_nick", nick), ("phone", f"+86{phone}")):
        make_identity(
            brand=shop.brand, member=member, platform=shop.platform, kind=kind, value=value
        )
    Order.objects.create(
        brand=shop.brand, shop=shop, member=member, order_no=f"NO-{nick}", currency="CNY",
        paid_minor=100, receiver=name, receiver_phone=phone,
    )  # fmt: skip
    return member


def export(member: Member, reason: str = "本人要求") -> zipfile.ZipFile:
    archive = export_member(
        brand_id=member.brand_id, member_id=member.pk, reason=reason, requested_by_id=None, now=NOW
    )
    return zipfile.ZipFile(io.BytesIO(archive))


def test_an_export_holds_every_row_of_the_person_and_nobody_elses(
    member: Member, shop: Shop
) -> None:
    # given another, to whose order the person's parcel is no part of
    make_member(shop, "顾岚", "18600000002", nick="gulan88")

    # when
    archive = export(member)

    # then
    content = json.loads(archive.read("data.json"))
    assert {table: len(rows) for table, rows in content.items()} == {
        "members_member": 1,
        "members_identity": 2,
        "commerce_order": 1,
    }
    assert content["commerce_order"][0]["receiver"] == "沈知夏"
    everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
    assert "顾岚" not in everything
    assert "members_member.csv\t会员档案 / Member\t1" in archive.read("README.txt").decode()
    assert PrivacyRequest.objects.get().effect["export"]["members_identity"] == 2


def test_cells_of_an_export_run_no_formula(member: Member) -> None:
    Member.objects.filter(pk=member.pk).update(name="=1+1")
    assert b"'=1+1" in export(member).read("members_member.csv")


def test_without_a_reason_nothing_is_exported_erased_or_shown(member: Member) -> None:
    brand = member.brand_id
    with pytest.raises(RefusedInputError, match="Say why"):
        export(member, reason=" \n")
    with pytest.raises(RefusedInputError, match="Say why"):
        request_erasure(
            brand_id=brand, member_id=member.pk, reason="", requested_by_id=None, now=NOW
        )
    with pytest.raises(RefusedInputError, match="Say why"):
        unmask(brand_id=brand, member_id=member.pk, reason="", actor=AGENT)
    assert not PrivacyRequest.objects.exists()
    assert not AuditEntry.objects.filter(operation="access").exists()


def test_a_look_at_contacts_is_on_record_before_it_happens(member: Member) -> None:
    # when
    contact = unmask(brand_id=member.brand_id, member_id=member.pk, reason=" 回电 ", actor=AGENT)

    # then each address is told once
    assert contact == Contact(("19900000001",), (), ())
    entry = AuditEntry.objects.get(operation="access")
    assert (entry.table_name, entry.row_id) == ("members.contact", str(member.pk))
    assert (entry.actor_name, entry.reason) == ("agent", "回电")


def test_a_member_of_another_brand_is_not_found(member: Member) -> None:
    with pytest.raises(RefusedInputError, match="no such member"):
        subject_of(make_brand().pk, member.pk)


def test_an_export_on_disk_is_its_owners_alone_and_replaces_nothing(
    home: Path, brand: Brand
) -> None:
    path = write_export(b"zip", brand_id=brand.pk, output=None)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(RefusedInputError, match="exists"):
        write_export(b"zip", brand_id=brand.pk, output=path)


def test_asking_twice_is_one_erasure(member: Member) -> None:
    first, second = (
        request_erasure(
            brand_id=member.brand_id,
            member_id=member.pk,
            reason="本人要求",
            requested_by_id=None,
            now=NOW,
        )
        for _ in range(2)
    )
    assert first.pk == second.pk


def test_what_others_have_too_does_not_name_the_person(member: Member, shop: Shop) -> None:
    # given somebody of the same name, and with the same phone
    make_member(shop, "沈知夏", "19900000001", nick="other99")

    # when
    sought = subject_of(shop.brand_id, member.pk).sought

    # then
    assert sought.names == ()
    assert [kind for kind, _ in sought.identifiers] == ["member", "taobao:buyer_nick"]
    assert sought.numbers == ("NO-zhixia77",)


@pytest.mark.parametrize(
    "text",
    [
        "19900000001",
        "+86 199-0000-0001",
        "008619900000001",
        '["a", "１９９０００００００１"]',
        "to=zhixia77;",
        "ZhiXia77",
        "A@B.com",
        "沈知夏.csv",
        "1\x1fNO-zhixia77\x1f3",
    ],
)
def test_the_person_is_found(text: str) -> None:
    assert person().is_in(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "119900000001",
        "199000000012",
        "zhixia777",
        "zhixia77@b.com",
        "aA@B.com",
        "沈知夏天",
        "小沈知夏",
        "NO-zhixia771",
    ],
)
def test_others_are_not_taken_for_the_person(text: str) -> None:
    assert not person().is_in(text)


def person() -> Sought:
    """沈知夏, by everything they have."""
    return Sought(
        (("phone", "+8619900000001"), ("email", "a@b.com"), ("taobao:buyer_nick", "zhixia77")),
        ("沈知夏",),
        ("NO-zhixia77",),
    )


@given(
    digits=st.lists(
        st.tuples(st.sampled_from(["", " ", "-", "--", ". ", "(", "\u3000"]), st.booleans()),
        min_size=11,
        max_size=11,
    ),
    around=st.sampled_from(["", "a", "，", "\x1f", "+86", "电话"]),
)
def test_a_phone_is_found_in_every_spelling(digits: list[tuple[str, bool]], around: str) -> None:
    wide = dict(zip("0123456789", "０１２３４５６７８９", strict=True))
    spelt = "".join(
        sign + (wide[digit] if is_wide else digit)
        for digit, (sign, is_wide) in zip("19900000001", digits, strict=True)
    )
    sought = person()
    assert sought.is_in(f"{around}{spelt} x")
    assert not Sought((("phone", "19900000002"),), (), ()).is_in(f"{around}{spelt} x")


def test_nobody_is_sought_by_nothing() -> None:
    assert not Sought((), (), ()).is_in("anything")
    assert Sought((), (), ()).scrubbed({"a": ["b"]}) == {"a": ["b"]}


def test_a_log_keeps_its_length_and_loses_the_person(tmp_path: Path) -> None:
    # given a log with a byte that is no text
    path = tmp_path / "web.log"
    line = "ok\n林 +86 19900000001 A@b.com\r\nlast 沈知夏".encode()
    path.write_bytes(b"\xff" + line)

    # when
    places = mask_file(path, Subject(1, (1,), person()))

    # then
    assert places == 3
    hidden = f"ok\n林 {'*' * 15} {'*' * 7}\r\nlast {'*' * 9}".encode()
    assert path.read_bytes() == b"\xff" + hidden
    assert len(hidden) == len(line)


def test_rows_and_files_go_when_their_days_are_over(shop: Shop, home: Path) -> None:
    # given a refused row and a file of two years ago, and of yesterday
    for days, name in ((730, "old"), (1, "new")):
        batch = Batch.objects.create(
            brand=shop.brand, shop=shop, file_name=name, file_path=f"1/{name}.csv",
            file_sha256=name, file_bytes=1, format="x", state=BatchState.DONE,
        )  # fmt: skip
        Batch.objects.filter(pk=batch.pk).update(created_at=NOW - timedelta(days=days))
        QuarantinedRow.objects.create(batch=batch, row_no=1, code="BAD", original=["a"], value="a")
        (home / "uploads" / "1").mkdir(parents=True, exist_ok=True)
        (home / "uploads" / "1" / f"{name}.csv").touch()
        export = exports_folder(shop.brand_id) / f"{name}.zip"
        export.parent.mkdir(parents=True, exist_ok=True)
        export.touch()
        age = (NOW - timedelta(days=days)).timestamp()
        os.utime(export, (age, age))

    # when
    removed = retain(now=NOW)

    # then
    assert {what: count for what, count in removed.items() if count} == {
        "ingest_quarantinedrow": 1,
        "exports": 1,
        "uploads": 1,
    }
    rows = dict(QuarantinedRow.objects.values_list("batch__file_name", "original"))
    assert rows == {"old": [], "new": ["a"]}
    assert [p.name for p in (home / "uploads" / "1").iterdir()] == ["new.csv"]
    assert [p.name for p in exports_folder(shop.brand_id).iterdir()] == ["new.zip"]
    assert set(retain(now=NOW).values()) == {0}
    assert EXPORT_DAYS == 7


def test_resealing_brings_old_values_under_the_new_key(member: Member) -> None:
    # given what is sought, and of the member a phone, a contact key, an order's receiver
    request = request_erasure(
        brand_id=member.brand_id, member_id=member.pk, reason="x", requested_by_id=None, now=NOW
    )
    old = keyring().current
    assert usage() == {old: 5}
    with connection.cursor() as cursor:  # the member's phone, in the row an undo would put back
        keep_before(cursor, "members_member", "select id from members_member", 7)
    assert usage() == {old: 6}

    # when
    new = rotate()
    resealed = reseal()

    # then
    assert (resealed, usage(), reseal()) == (6, {new: 6}, 0)
    assert Member.objects.get().phone == "19900000001"
    with connection.cursor() as cursor:
        assert restore_rows(cursor, "members_member", 7) == [member.pk]
    assert Member.objects.get().phone == "19900000001"
    assert Identity.objects.get(kind="phone").clear == "+8619900000001"
    sent_to = Order.objects.values_list("receiver", "receiver_phone").get()
    assert sent_to == ("沈知夏", "19900000001")
    assert PrivacyRequest.objects.get(pk=request.pk).sought == request.sought
    assert "zhixia77" in str(request.sought)
