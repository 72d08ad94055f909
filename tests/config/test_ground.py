"""The database the tests stand on."""

from __future__ import annotations

from django.db import connection

from huitou.brands.models import Shop


def test_tests_run_as_an_ordinary_role_with_time_limits(db: None) -> None:
    # when
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_user, rolsuper, current_setting('statement_timeout')"
            " FROM pg_roles WHERE rolname = current_user"
        )
        row = cursor.fetchone()

    # then
    assert row == ("huitou", False, "1min")


def test_trigrams_keep_chinese_letters(db: None) -> None:
    # when
    with connection.cursor() as cursor:
        cursor.execute("SELECT '青禾小筑' ~ '^[[:alpha:]]+$', upper('é')")
        row = cursor.fetchone()

    # then
    assert row == (True, "É")


def test_a_shop_belongs_to_a_brand(shop: Shop) -> None:
    assert shop.brand.currency == "CNY"
