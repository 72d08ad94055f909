"""The privacy page, one person's export and erasure, and contact in clear."""

from __future__ import annotations

import io
import zipfile

import pytest
from django.test import Client

from huitou.brands.models import Brand, Role, Shop
from huitou.eventlog.models import AuditEntry
from huitou.members.models import Member
from huitou.privacy.models import PrivacyRequest
from tests.factories import make_brand, make_staff

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def member(brand: Brand, shop: Shop) -> Member:
    """沈知夏 with a phone."""
    return Member.objects.create(brand=brand, name="沈知夏", phone="19900000001", first_shop=shop)


def signed_in(brand: Brand, role: Role = Role.OWNER) -> Client:
    client = Client()
    client.force_login(make_staff(brand, role=role))
    return client


def test_the_page_shows_map_rules_and_requests(brand: Brand, member: Member) -> None:
    # given
    owner = signed_in(brand)
    owner.post(f"/members/{member.public_id}/personal-data/", {"reason": "本人要求"})

    # when
    page = owner.get("/privacy/").content.decode()

    # then
    for text in (
        "会员档案",
        "receiver_phone",
        "替换为密钥标记",
        "加密",
        "假名",
        "540",
        "本人要求",
        "已完成",
    ):
        assert text in page, text
    assert "沈知夏" not in page


def test_the_export_comes_as_a_file_and_is_not_kept(brand: Brand, member: Member) -> None:
    answer = signed_in(brand).post(
        f"/members/{member.public_id}/personal-data/", {"reason": "本人要求"}
    )
    assert answer["Content-Type"] == "application/zip"
    assert answer["Cache-Control"] == "no-store"
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    assert "沈知夏" in archive.read("members_member.csv").decode()


def test_erasure_shows_its_effect_first_and_needs_a_reason_and_a_word(
    brand: Brand, member: Member
) -> None:
    # given
    owner = signed_in(brand)
    path = f"/members/{member.public_id}/erase/"

    # when
    shown = owner.get(path)
    unsure = owner.post(path, {"reason": "本人要求"})
    mute = owner.post(path, {"reason": " ", "sure": "1"})

    # then
    assert "会员档案" in shown.content.decode()
    assert (unsure.status_code, mute.status_code) == (422, 422)
    assert "请先确认" in unsure.content.decode()
    assert "请填写原因" in mute.content.decode()
    assert not PrivacyRequest.objects.exists()

    # when
    begun = owner.post(path, {"reason": "本人要求", "sure": "1"})

    # then
    assert (begun.status_code, begun["Location"]) == (302, "/privacy/")
    assert PrivacyRequest.objects.get().reason == "本人要求"


def test_contact_is_shown_once_with_a_reason(brand: Brand, member: Member) -> None:
    # given
    agent = signed_in(brand, Role.AGENT)
    path = f"/members/{member.public_id}/contact/"

    # when
    before = agent.get(f"/members/{member.public_id}/").content.decode()
    refused = agent.post(path, {"reason": ""}, headers={"HX-Request": "true"})
    shown = agent.post(path, {"reason": "回电"}, headers={"HX-Request": "true"})
    after = agent.get(f"/members/{member.public_id}/").content.decode()

    # then
    assert "19900000001" in shown.content.decode()
    assert 'hx-history="false"' in shown.content.decode()
    assert shown["Cache-Control"] == "no-store"
    for other in (before, refused.content.decode(), after):
        assert "19900000001" not in other
    entry = AuditEntry.objects.get(operation="access")
    assert (entry.table_name, entry.reason, entry.brand_id) == ("members.contact", "回电", brand.pk)
    assert agent.get(path).status_code == 405


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ANALYST, Role.FINANCE, Role.DEVELOPER])
def test_others_see_no_contact(brand: Brand, member: Member, role: Role) -> None:
    client = signed_in(brand, role)
    answer = client.post(f"/members/{member.public_id}/contact/", {"reason": "x"})
    assert answer.status_code == 403
    assert not AuditEntry.objects.filter(operation="access").exists()


@pytest.mark.parametrize("path", ["/privacy/", "/members/{}/erase/", "/members/{}/personal-data/"])
def test_only_the_owner_exports_and_erases(brand: Brand, member: Member, path: str) -> None:
    answer = signed_in(brand, Role.OPERATOR).get(path.format(member.public_id))
    assert answer.status_code == 403


@pytest.mark.parametrize("page", ["erase", "personal-data", "contact"])
def test_members_of_other_brands_do_not_exist(member: Member, page: str) -> None:
    stranger = signed_in(make_brand())
    path = f"/members/{member.public_id}/{page}/"
    assert stranger.post(path, {"reason": "x", "sure": "1"}).status_code == 404
