"""Pages keep to the strict content security policy: no inline style, script or handler."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "huitou"
TEMPLATES = sorted(PACKAGE.rglob("templates/**/*.html"))
FORBIDDEN = {
    "style attribute": re.compile(r"\sstyle\s*=", re.I),
    "style element": re.compile(r"<style\b", re.I),
    "event handler": re.compile(r"\son[a-z]+\s*=", re.I),
    "htmx handler": re.compile(r"\shx-on\b|\shx-(?:vals|headers)\s*=\s*[\"']js:", re.I),
    "script body": re.compile(r"<script\b(?![^>]*\bsrc=)", re.I),
    "script address": re.compile(r"javascript:", re.I),
    "other site": re.compile(r"\b(?:src|href)\s*=\s*[\"']?(?:https?:)?//", re.I),
}


def broken_rules(text: str) -> list[str]:
    return [name for name, pattern in FORBIDDEN.items() if pattern.search(text)]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ('<p style="color:red">', "style attribute"),
        ("<style>p{}</style>", "style element"),
        ('<a onclick="go()">', "event handler"),
        ('<a hx-on:click="go()">', "htmx handler"),
        ("<script>go()</script>", "script body"),
        ('<a href="javascript:go()">', "script address"),
        ('<script src="//cdn.example/a.js"></script>', "other site"),
    ],
)
def test_the_rules_see_what_they_forbid(text: str, rule: str) -> None:
    assert broken_rules(text) == [rule]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_keeps_to_the_policy(path: Path) -> None:
    assert broken_rules(path.read_text(encoding="utf-8")) == []
