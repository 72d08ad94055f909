"""What the template tags write."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.utils import translation

from huitou.ui.templatetags.ui import spark_points


def rendered(template: str, **context: object) -> str:
    with translation.override("zh-hans"):
        return Template(template).render(Context({"currency": "CNY", **context}))


def test_money_is_written_in_the_brands_currency() -> None:
    template = "{% money minor %} {% money minor compact=True %} {% money none %}"
    assert rendered(template, minor=58_700_000, none=None) == "¥587,000.00 ¥58.7万 –"


def test_a_figure_sets_sign_and_unit_apart() -> None:
    assert rendered('{% figure 58700000 "money" %}') == (
        '<span class="ec-num"><small>¥</small>58.7<small>万</small></span>'
    )


def test_filters_write_counts_and_shares() -> None:
    template = "{{ 12340|number }} {{ 0.716|percent }} {{ 3.25|decimal }} {{ none|number }}"
    assert rendered(template, none=None) == "12,340 71.6% 3.3 –"


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        (110, 100, ["环比", "ec-rise", "▲", "10.0%"]),
        (90, 100, ["环比", "ec-fall", "▼", "10.0%"]),
        (100, 100, ["环比", "ec-flat", "0.0%"]),
        (100, None, ["环比", "没有可比数据", "–"]),
    ],
)
def test_a_delta_shows_arrow_and_number(now: int, before: int | None, expected: list[str]) -> None:
    html = rendered('{% delta now before "count" "环比" %}', now=now, before=before)
    assert [part for part in expected if part not in html] == []


def test_a_badge_translates_its_code() -> None:
    html = rendered('{% badge "rfm" "privileged" %}')
    assert html.strip() == '<span class="ec-badge ec-badge-rfm-privileged">特权客户</span>'


def test_an_unknown_code_is_shown_bare_and_escaped() -> None:
    assert "&lt;b&gt;" in rendered('{% badge "rfm" code %}', code="<b>")


def test_an_icon_points_into_the_sprite() -> None:
    html = rendered('{% icon "search" "extra" %}')
    assert 'href="/static/dist/icons.svg#search"' in html
    assert 'aria-hidden="true"' in html


def test_progress_of_unknown_length_has_no_value() -> None:
    assert 'value="43"' in rendered('{% progress 43 100 "x" %}')
    assert "value" not in rendered('{% progress 43 none "x" %}', none=None)


def test_a_sparkline_spans_its_area() -> None:
    assert spark_points([0, 5, 10]) == [(0.0, 30.0), (60.0, 16.0), (120.0, 2.0)]


def test_a_flat_sparkline_runs_through_the_middle() -> None:
    assert spark_points([7, 7]) == [(0.0, 16.0), (120.0, 16.0)]


def test_one_point_is_no_line() -> None:
    assert spark_points([7]) == []
