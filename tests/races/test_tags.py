"""Two people put different tags of one exclusive group on one member at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connections

from huitou.members.models import Member, TagAssignment
from huitou.members.tags import Act, create_tag, create_tag_group, put_tag
from tests.factories import make_brand

ROUNDS = 5
WRITERS = 4


@pytest.mark.django_db(transaction=True)
def test_one_tag_of_an_exclusive_group_is_left() -> None:
    # given
    brand = make_brand()
    member = Member.objects.create(brand=brand)
    group = create_tag_group(brand_id=brand.pk, name="Drinks", is_exclusive=True)
    tags = [
        create_tag(brand_id=brand.pk, group_id=group, name=f"drink {n}") for n in range(WRITERS)
    ]
    barrier = Barrier(WRITERS)

    def put(tag_id: int) -> None:
        try:
            for _ in range(ROUNDS):
                barrier.wait(timeout=30)
                act = Act(source="staff", now=datetime.now(UTC))
                put_tag(brand_id=brand.pk, tag_id=tag_id, member_ids=[member.pk], act=act)
        finally:
            connections.close_all()

    # when
    with ThreadPoolExecutor(WRITERS) as pool:
        for done in [pool.submit(put, tag) for tag in tags]:
            done.result()

    # then
    assert TagAssignment.objects.filter(account=member, removed=None).count() == 1
