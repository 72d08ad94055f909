"""Style that no linter holds."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "huitou"
FILE_LINES_MAX = 600
FUNCTION_LINES_MAX = 70
# Folders of one person's machine, and package indexes other than the public one's name.
MACHINE_PATH = re.compile(r"/(?:work|root|home/\w+|Users/\w+)/|file:///|/opt/(?:pypi|wheels)")
TEXT_SUFFIXES = {
    ".py",
    ".html",
    ".md",
    ".toml",
    ".yaml",
    ".yml",
    ".txt",
    ".css",
    ".js",
    ".mjs",
    ".po",
}


def modules() -> list[Path]:
    return [f for f in sorted(PACKAGE.rglob("*.py")) if "migrations" not in f.parts]


def tracked_files() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    names = listed.stdout.split("\0") if listed.returncode == 0 else []
    return [ROOT / name for name in names if name and (ROOT / name).is_file()]


def test_every_module_says_what_it_is_for() -> None:
    silent = [
        str(file.relative_to(ROOT))
        for file in modules()
        if not ast.get_docstring(ast.parse(file.read_text())) and file.name != "__init__.py"
    ]
    doors = [
        str(file.parent.relative_to(ROOT))
        for file in sorted(PACKAGE.glob("*/__init__.py"))
        if not ast.get_docstring(ast.parse(file.read_text()))
    ]
    assert (silent, doors) == ([], [])


def test_files_and_functions_stay_readable() -> None:
    # when
    long = []
    for file in modules():
        text = file.read_text()
        if text.count("\n") > FILE_LINES_MAX:
            long.append(f"{file.relative_to(ROOT)}: {text.count(chr(10))} lines")
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef) and node.end_lineno is not None:
                lines = node.end_lineno - node.lineno + 1
                if lines > FUNCTION_LINES_MAX:
                    long.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.name}: {lines}")

    # then
    assert long == []


def test_no_path_of_one_machine() -> None:
    # when
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in tracked_files()
        if file.suffix in TEXT_SUFFIXES and file != Path(__file__)
        if (match := MACHINE_PATH.search(file.read_text(errors="replace")))
    ]

    # then
    assert found == []


def test_no_unfinished_work() -> None:
    words = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b")
    found = [
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in modules()
        if (match := words.search(file.read_text()))
    ]
    assert found == []
