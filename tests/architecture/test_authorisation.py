"""Every address of the product × every role × own or other brand: who gets in.

The list of addresses is the product's own. A new one has no expectation here and fails until its
line says who may use it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from huitou.brands.models import Brand, Role, Staff
from huitou.brands.permissions import PERMISSIONS
from tests.factories import make_brand, make_shop, make_staff

EVERYBODY = "everybody"  # also strangers
SIGNED_IN = "signed in"
# Only with a role on the group itself, which no role of these tests is: test_elsewhere.
OF_GROUP = "of the group"
# Address name → who may use it: a permission, or one of the three words above.
EXPECTED: dict[str, str] = {
    # signing in and what a browser remembers
    "healthz": EVERYBODY,
    "login": EVERYBODY,
    "login_code": EVERYBODY,
    "one_time_link": EVERYBODY,
    "logout": EVERYBODY,
    "set_language": EVERYBODY,
    "theme": EVERYBODY,
    "rise_colour": EVERYBODY,
    "scope": SIGNED_IN,
    # one's own account
    "account": SIGNED_IN,
    "account_profile": SIGNED_IN,
    "account_password": SIGNED_IN,
    "second_factor": SIGNED_IN,
    "recovery_codes": SIGNED_IN,
    "remove_second_factor": SIGNED_IN,
    "end_sessions": SIGNED_IN,
    # figures
    "dashboard": "dashboard.view",
    "regions": "dashboard.view",
    "refresh": "dashboard.view",
    "chart_trend": "dashboard.view",
    "chart_rfm": "dashboard.view",
    "chart_lifecycle": "dashboard.view",
    "jobs_tray": "dashboard.view",
    "association": "dashboard.view",
    "association_export": "dashboard.view",
    "member_recommendations": "members.view",
    "funnel": "dashboard.view",
    "lifecycle": "dashboard.view",
    "lifecycle_months": "dashboard.view",
    "lifecycle_progress": "dashboard.view",
    "chart_churn": "dashboard.view",
    "chart_stages": "dashboard.view",
    "value": "dashboard.view",
    "value_backtest": "dashboard.view",
    "chart_backtest": "dashboard.view",
    # members
    "members": "members.view",
    "member": "members.view",
    "members_export": "members.view",
    "members_filters": "members.view",
    "member_attributes": "profile.edit",
    "member_birthday": "profile.edit",
    "member_tag": "profile.edit",
    "member_touch": "profile.edit",
    "members_tag": "profile.edit",
    "member_consent": "consent.edit",
    "attributes": "members.view",
    "attribute_added": "profile.define",
    "usual_attributes": "profile.define",
    "tag_added": "profile.define",
    "touchpoint_added": "profile.define",
    "attribute_retired": "profile.define",
    "tags": "members.view",
    "tag_change_undone": "profile.edit",
    "touchpoints": "members.view",
    "touchpoint_retired": "profile.define",
    "segments": "segments.view",
    "segment": "segments.view",
    "segment_sizes": "segments.view",
    "segment_explained": "segments.view",
    "segments_progress": "segments.view",
    "segments_refresh": "segments.edit",
    "segments_starter": "segments.edit",
    "segment_new": "segments.edit",
    "segment_saved": "segments.edit",
    "segment_edit": "segments.edit",
    "rule_panel": "segments.edit",
    "rule_added": "segments.edit",
    "rule_row": "segments.edit",
    "rule_preview": "segments.edit",
    "segment_state": "segments.edit",
    "segment_restored": "segments.edit",
    "identity_review": "members.merge",
    "identity_look": "members.merge",
    "identity_suggestion": "members.merge",
    "identity_conflict": "members.merge",
    "member_merge": "members.merge",
    "member_split": "members.merge",
    "member_contact": "members.unmask",
    "member_elsewhere": OF_GROUP,
    "member_personal_data": "privacy.manage",
    "member_erase": "privacy.manage",
    "privacy": "privacy.manage",
    "identity_policy": "members.policy",
    # segments beside each other
    "segment_drill": "segments.view",
    "segment_matrix": "segments.view",
    "segment_overlap": "segments.view",
    "segment_compare": "segments.view",
    "segment_comparison": "segments.view",
    "segment_kept": "segments.edit",
    # files
    "imports": "imports.manage",
    "import_batch": "imports.manage",
    "import_row": "imports.manage",
    "import_undo": "imports.manage",
    "import_retry": "imports.manage",
    "mapping": "imports.manage",
    "mapping_preview": "imports.manage",
    "mapping_download": "imports.manage",
    "quarantine": "imports.manage",
    "quarantine_download": "imports.manage",
    "quarantine_upload": "imports.manage",
    "quarantine_row": "imports.manage",
    "quarantine_all": "imports.manage",
    # other systems: the address of pushes asks for a signature, not for a person
    "hook": EVERYBODY,
    "api_nowhere": EVERYBODY,
    "api_keys": "api_keys.manage",
    "api_key_revoke": "api_keys.manage",
    "connections": "webhooks.manage",
    "connection_ask": "webhooks.manage",
    "connection_close": "webhooks.manage",
    "hook_again": "webhooks.manage",
    "webhooks": "webhooks.manage",
    "webhook_close": "webhooks.manage",
    "delivery_again": "webhooks.manage",
    # the house itself
    "staff": "staff.manage",
    "staff_invite": "staff.manage",
    "staff_person": "staff.manage",
    "staff_roles": "staff.manage",
    "staff_account": "staff.manage",
    "audit": "audit.view",
    "audit_verify": "audit.view",
}
# The interface asks for a key and its scope: ``tests/api/test_access.py`` walks its routes.
BY_KEY = "api-v1:"
# Values for the converters of an address; nothing in the database has them.
_ARGUMENTS = {"public_id": uuid4(), "token": "x" * 43, "kind": "csv"}
_NUMBER = 4_000_000


def _routes(patterns: list[Any], space: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{space}{pattern.namespace}:" if pattern.namespace else space
            yield from _routes(pattern.url_patterns, inner)
        elif isinstance(pattern, URLPattern):
            arguments = {name: _ARGUMENTS.get(name, _NUMBER) for name in pattern.pattern.converters}
            yield f"{space}{pattern.name}", arguments


ROUTES = {
    name: arguments
    for name, arguments in _routes(get_resolver().url_patterns)
    if not name.startswith(BY_KEY)
}


def test_every_address_says_who_may_use_it() -> None:
    assert sorted(ROUTES.keys() - EXPECTED.keys()) == [], "addresses without an expectation"
    assert sorted(EXPECTED.keys() - ROUTES.keys()) == [], "expectations without an address"
    wanted = set(EXPECTED.values()) - {EVERYBODY, SIGNED_IN, OF_GROUP}
    assert wanted <= PERMISSIONS.keys()


@pytest.fixture
def brand_with_shop(brand: Brand, home: Path) -> Brand:
    """A brand with one shop, in an empty data folder."""
    make_shop(brand)
    return brand


def _got_in(client: Client, name: str, method: str) -> bool | None:
    """Whether the address let the person in; None for a method it does not offer.

    Refused is who gets a 403 or is led to sign in; what a page then says of the made-up
    arguments is its own matter.
    """
    answer = getattr(client, method)(reverse(name, kwargs=ROUTES[name]))
    if answer.status_code == 405:
        return None
    to_sign_in = answer.headers.get("Location", "").startswith("/login/?next=")
    return answer.status_code != 403 and not to_sign_in


def _check(client: Client, allowed: dict[str, bool]) -> list[str]:
    """The addresses that let in whom they should not, or the other way round."""
    return [
        f"{method} {name}: {'kept out' if expected else 'let in'}"
        for name, expected in allowed.items()
        if name != "logout"
        for method in ("get", "post")
        if _got_in(client, name, method) not in (expected, None)
    ]


def test_strangers_see_nothing(brand_with_shop: Brand) -> None:
    allowed = {name: who == EVERYBODY for name, who in EXPECTED.items()}

    assert _check(Client(), allowed) == []


@pytest.mark.parametrize("role", Role.values)
def test_a_role_gets_in_where_its_permissions_say(brand_with_shop: Brand, role: str) -> None:
    allowed = {
        name: who in (EVERYBODY, SIGNED_IN) or role in PERMISSIONS.get(who, ())
        for name, who in EXPECTED.items()
        if name not in ("login", "login_code")  # these lead who is signed in back to the start
    }
    client = Client()
    client.force_login(make_staff(brand_with_shop, role=Role(role)))

    assert _check(client, allowed) == []


@pytest.mark.parametrize("role", Role.values)
def test_a_role_of_another_brand_never_leads_into_this_one(
    brand_with_shop: Brand, role: str
) -> None:
    # given somebody of another brand who asks for this one
    other = make_brand()
    staff = make_staff(other, role=Role(role))
    client = Client()
    client.force_login(staff)

    # when
    client.post("/scope/", {"brand": brand_with_shop.slug})

    # then
    page = client.get("/")
    assert page.wsgi_request.scope.brand == other
    assert brand_with_shop.name not in page.content.decode()


def test_somebody_without_any_brand_gets_in_nowhere(db: None) -> None:
    client = Client()
    client.force_login(Staff.objects.create_user("nobody", password="password"))
    allowed = {
        name: who in (EVERYBODY, SIGNED_IN)
        for name, who in EXPECTED.items()
        if name not in ("login", "login_code")
    }

    assert _check(client, allowed) == []
