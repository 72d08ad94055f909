"""Every string that pages and code mark for translation has its Chinese."""

from __future__ import annotations

import re

import polib
import pytest
from django.utils import translation

from huitou.insight import definitions
from huitou.ui import labels
from tests.ui.messages import PACKAGE, collected, python_messages, template_messages

CATALOGUE = polib.pofile(str(PACKAGE / "ui/locale/zh_Hans/LC_MESSAGES/django.po"))
PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def chinese(entry: polib.POEntry) -> str:
    return entry.msgstr or entry.msgstr_plural.get(0, "")


def test_the_collector_reads_templates_and_code() -> None:
    # given
    template = """{% trans "One" %} {% trans 'Two' as two %}
        {% blocktrans trimmed with n=3 %}
          {{ n }} of
          them
        {% endblocktrans %}"""
    code = "_('Three'); gettext('Fo' 'ur'); other('Five')"

    # when
    found = [*template_messages(template), *python_messages(code)]

    # then
    assert found == ["One", "Two", "%(n)s of them", "Three", "Four"]


def test_every_marked_string_has_its_chinese() -> None:
    translated = {entry.msgid for entry in CATALOGUE if chinese(entry) and not entry.fuzzy}
    missing = {text: file for text, file in collected().items() if text not in translated}
    assert missing == {}


def test_translations_keep_their_placeholders() -> None:
    changed = [
        entry.msgid
        for entry in CATALOGUE
        if sorted(PLACEHOLDER.findall(entry.msgid)) != sorted(PLACEHOLDER.findall(chinese(entry)))
    ]
    assert changed == []


def test_the_catalogue_holds_nothing_unused_or_fuzzy() -> None:
    used = collected()
    assert [e.msgid for e in CATALOGUE if e.msgid not in used or e.fuzzy or e.obsolete] == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_groups_and_stages_are_called_as_insight_calls_them(language: str) -> None:
    # given
    side = "zh" if language == "zh-hans" else "en"
    groups = {label.code: getattr(label, side) for label in definitions.RFM_GROUPS.values()}
    stages = {label.code: getattr(label, side) for label in definitions.STAGES}
    stages[definitions.NOT_YET.code] = getattr(definitions.NOT_YET, side)
    buyers = {label.code: getattr(label, side) for label in definitions.BUYER_TYPES}

    # when
    with translation.override(language):
        shown = [
            {code: str(label.text) for code, label in family.items()}
            for family in (labels.RFM_GROUPS, labels.LIFECYCLE_STAGES, labels.BUYER_TYPES)
        ]

    # then
    assert shown == [groups, stages, buyers]
