"""The order of the rooms, also where import-linter cannot see it."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import URLPattern, URLResolver, get_resolver
from importlinter.cli import lint_imports

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "huitou"
CONTRACT = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
LAYERS = [re.findall(r"\w+", layer) for layer in CONTRACT[0]["layers"]]
# Highest number on top; rooms on one line share it.
STOREY = {room: -number for number, line in enumerate(LAYERS) for room in line}

TEMPLATE_REFERENCE = re.compile(r"{%\s*(?:extends|include)\s+[\"']([^\"']+)[\"']")
URL_REFERENCE = re.compile(r"{%\s*url\s+[\"']([\w:-]+)[\"']")
URL_FUNCTIONS = {"reverse", "reverse_lazy", "redirect", "resolve_url"}
# The page shell in ui links to what any console has to offer; the door supplies the pages.
SHELL_ADDRESSES = {
    "account",
    "second_factor",
    "dashboard",
    "jobs_tray",
    "login",
    "logout",
    "rise_colour",
    "scope",
    "set_language",
    "theme",
}
MODEL_REFERENCE = re.compile(r"(\w+)\.[A-Z]\w+\Z")


def may_use(user: str, used: str) -> bool:
    """Whether room ``user`` may refer to room ``used``: itself, or one on a lower storey."""
    return user == used or STOREY[user] > STOREY[used]


def room_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0]


def sources(pattern: str) -> Iterator[Path]:
    for file in sorted(PACKAGE.rglob(pattern)):
        if file.parent != PACKAGE:
            yield file


def templates() -> list[Path]:
    return [file for file in sources("*.html") if "templates" in file.parts]


def url_rooms() -> dict[str, str]:
    """The room that owns each named address."""

    def walk(entries: list[URLPattern | URLResolver]) -> Iterator[tuple[str, str]]:
        for entry in entries:
            if isinstance(entry, URLResolver):
                yield from walk(entry.url_patterns)
            elif entry.name:
                view = getattr(entry.callback, "view_class", entry.callback)
                yield entry.name, view.__module__

    found = walk(get_resolver().url_patterns)
    return {name: room.split(".")[1] for name, room in found if room.startswith("huitou.")}


def test_every_room_has_its_storey() -> None:
    rooms = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert rooms - STOREY.keys() == set()


def test_rooms_import_only_rooms_below(capsys: pytest.CaptureFixture[str]) -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == 0, capsys.readouterr().out


def test_foreign_keys_point_down() -> None:
    # when
    climbing = [
        f"{model._meta.label}.{field.name} → {field.related_model._meta.label}"
        for model in apps.get_models()
        if model.__module__.startswith("huitou.")
        for field in model._meta.get_fields()
        if field.is_relation
        and not field.auto_created
        and field.related_model.__module__.startswith("huitou.")
        and not may_use(model._meta.app_label, field.related_model._meta.app_label)
    ]

    # then
    assert not climbing, "\n".join(climbing)


def test_model_names_in_strings_point_down() -> None:
    # when
    climbing = []
    for file in sources("*.py"):
        room = room_of(file)
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found = MODEL_REFERENCE.match(node.value)
                if found and found[1] in STOREY and not may_use(room, found[1]):
                    climbing.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.value}")
            elif isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "get_model":
                label = node.args[0].value if isinstance(node.args[0], ast.Constant) else ""
                if label in STOREY and not may_use(room, label):
                    climbing.append(f"{file.relative_to(ROOT)}:{node.lineno} get_model {label}")

    # then
    assert not climbing, "\n".join(climbing)


def test_templates_build_on_templates_below() -> None:
    # when
    climbing = [
        f"{file.relative_to(ROOT)}: {name}"
        for file in templates()
        for name in TEMPLATE_REFERENCE.findall(file.read_text())
        if name.split("/")[0] in STOREY and not may_use(room_of(file), name.split("/")[0])
    ]

    # then
    assert not climbing, "\n".join(climbing)


def test_templates_live_under_the_name_of_their_room() -> None:
    # when
    strangers = [
        str(file.relative_to(ROOT))
        for file in templates()
        if file.parts[file.parts.index("templates") + 1] not in (room_of(file), "registration")
        and file.parent.name != "templates"  # Django's own error pages: 404.html, 500.html
    ]

    # then
    assert strangers == []


def test_addresses_are_named_by_rooms_at_or_above_them() -> None:
    # given
    owners = url_rooms()

    # when
    used = [
        (file, name) for file in templates() for name in URL_REFERENCE.findall(file.read_text())
    ]
    for file in sources("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = getattr(node.func, "id", getattr(node.func, "attr", ""))
            first = node.args[0]
            if called in URL_FUNCTIONS and isinstance(first, ast.Constant):
                used.append((file, str(first.value)))
    climbing = [
        f"{file.relative_to(ROOT)}: {name} of {owners[name]}"
        for file, name in used
        if name in owners
        and not may_use(room_of(file), owners[name])
        and not (room_of(file) == "ui" and name in SHELL_ADDRESSES)
    ]

    # then
    assert not climbing, "\n".join(climbing)
