"""Finds the strings pages and code mark for translation, without gettext's own programs."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "huitou"
CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
TRANS = re.compile(r"""\{%\s*trans(?:late)?\s+(?:"([^"]*)"|'([^']*)')""")
BLOCK = re.compile(r"\{%\s*block(?:trans|translate)\b([^%]*)%\}(.*?)\{%\s*endblock", re.S)
VARIABLE = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def template_messages(text: str) -> Iterator[str]:
    """The message ids of ``trans`` and ``blocktrans`` in a template."""
    for match in TRANS.finditer(text):
        yield match[1] if match[1] is not None else match[2]
    for options, body in BLOCK.findall(text):
        if "trimmed" in options.split():
            body = " ".join(line.strip() for line in body.strip().splitlines())
        # The singular is the id of a message with a plural.
        body = re.split(r"\{%\s*plural\s*%\}", body)[0].strip() if "count" in options else body
        yield VARIABLE.sub(r"%(\1)s", body.replace("%", "%%"))


def python_messages(text: str) -> Iterator[str]:
    """The message ids of ``_("…")`` and its longer names in a module."""
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        first = node.args[0]
        if name in CALLS and isinstance(first, ast.Constant) and isinstance(first.value, str):
            yield first.value


def collected() -> dict[str, str]:
    """Every message id of the package → the first file that uses it."""
    found: dict[str, str] = {}
    for path in sorted([*PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.py")]):
        text = path.read_text(encoding="utf-8")
        messages = template_messages(text) if path.suffix == ".html" else python_messages(text)
        for message in messages:
            found.setdefault(message, str(path.relative_to(PACKAGE)))
    return found
