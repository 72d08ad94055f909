"""Configuration as text: a folder of YAML files, one document each, and what applying it changes.

``FOLDER/<kind>/<name>.yaml``. Names that a file system or a reader may not bear are written with
``%`` and two digits, as addresses do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import yaml
from django.db import transaction

from huitou.brands.configuration import Document, Kind, kinds
from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError
from huitou.kernel.yaml_text import read_yaml

SUFFIX = ".yaml"
# A brand has hundreds of documents; a folder with more is another folder.
FILES_MAX = 5_000
# The largest rule is shorter.
FILE_BYTES_MAX = 256 * 1024
# Errors told at once; who has more mends these first.
ERRORS_MAX = 50
_LINE_CHARS = 100

# Documents by kind, then by name.
Documents = Mapping[str, Mapping[str, Document]]


class ConfigurationError(RefusedInputError):
    """Files that cannot be applied; ``problems`` has a line ``file: what is wrong`` for each."""

    def __init__(self, problems: Sequence[str]) -> None:
        told = list(problems[:ERRORS_MAX])
        if len(problems) > ERRORS_MAX:
            told.append(f"… and {len(problems) - ERRORS_MAX} more")
        super().__init__("CONFIGURATION", "\n".join(told))
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Change:
    """What applying does to one document: ``add``, ``change``, ``archive`` or ``keep``.

    ``keep`` is one the folder lacks that stays: nothing is taken out of use unless asked.
    ``before`` and ``after`` are the texts, '' for none.
    """

    act: str
    kind: str
    name: str
    before: str
    after: str

    @property
    def file(self) -> str:
        """Where the document lies in the folder."""
        return file_of(self.kind, self.name)

    def told(self) -> list[str]:
        """The change as lines of a unified difference under a heading."""
        if self.act == "keep":
            return [f"# {self.file}: only in the brand, stays"]
        lines = difflib.unified_diff(
            self.before.splitlines(), self.after.splitlines(), lineterm="", n=2
        )
        heading = {"add": "added", "change": "changed", "archive": "archived"}[self.act]
        return [f"# {self.file}: {heading}", *list(lines)[2:]]


def file_of(kind: str, name: str) -> str:
    """The path of a document below the folder.

    >>> file_of("tags", "肤质/干"), file_of("tags", "..")
    ('tags/肤质%2F干.yaml', 'tags/%2E..yaml')
    """
    safe = "".join(c if c.isalnum() or c in "-_ ." else quote(c, safe="") for c in name)
    return f"{kind}/{'%2E' + safe[1:] if safe.startswith('.') else safe}{SUFFIX}"


def text_of(document: Document) -> str:
    """A document as YAML, always the same for the same document."""
    text: str = yaml.dump(
        document,
        Dumper=_Dumper,
        allow_unicode=True,
        sort_keys=False,
        default_flow_style=False,
        width=_LINE_CHARS,
    )
    return text


def standing_documents(brand: Brand) -> Documents:
    """Every document the brand has."""
    return {kind.name: dict(kind.standing(brand)) for kind in kinds()}


def export(brand: Brand, folder: Path) -> tuple[list[str], list[str]]:
    """Write the brand's documents; returns the files written, and others of these kinds there.

    Those others are left alone: they say what the brand has not.
    """
    written = []
    for kind, documents in standing_documents(brand).items():
        for name, document in sorted(documents.items()):
            path = folder / file_of(kind, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(document), "utf-8")
            written.append(file_of(kind, name))
    found = [path.relative_to(folder).as_posix() for path in _files(folder)]
    return written, sorted(set(found) - set(written))


def read_folder(folder: Path) -> Documents:
    """The documents of a folder, in full. Raises ``ConfigurationError`` with all that is wrong."""
    if not folder.is_dir():
        raise ConfigurationError([f"{folder}: is no folder"])
    known = {kind.name: kind for kind in kinds()}
    problems: list[str] = []
    found: dict[str, dict[str, Document]] = {name: {} for name in known}
    for number, path in enumerate(_files(folder)):
        file = path.relative_to(folder).as_posix()
        kind = known.get(path.parent.name) if path.parent.parent == folder else None
        try:
            if number >= FILES_MAX:
                raise RefusedInputError("FILES", f"a folder has at most {FILES_MAX} files")
            if kind is None or path.suffix != SUFFIX:
                raise RefusedInputError(
                    "PLACE", f"belongs nowhere; documents are {', '.join(known)}/NAME{SUFFIX}"
                )
            name = unquote(path.name.removesuffix(SUFFIX))
            found[kind.name][name] = kind.read(name, _loaded(path))
        except RefusedInputError as error:
            problems.append(f"{file}: {error}")
    if problems:
        raise ConfigurationError(problems)
    return found


def changes(brand: Brand, wanted: Documents, *, prune: bool) -> list[Change]:
    """What applying would do, in the order it is done; what stays the same is left out."""
    return list(_changes(standing_documents(brand), wanted, prune=prune))


def apply(
    brand: Brand, wanted: Documents, *, now: datetime, prune: bool = False, dry_run: bool = False
) -> list[Change]:
    """Make the brand's documents those wanted, all or none; with ``dry_run`` none.

    Documents the folder lacks stay, or are archived with ``prune``. Raises ``ConfigurationError``
    when anything cannot be applied; nothing is then changed.
    """
    with transaction.atomic():
        standing = standing_documents(brand)
        wrong_before = {(kind.name, name) for kind in kinds() for name in kind.problems(brand)}
        planned = list(_changes(standing, wanted, prune=prune))
        problems = []
        for change in planned:
            try:
                with transaction.atomic():
                    _do(brand, change, standing, wanted, now)
            except RefusedInputError as error:
                problems.append(f"{change.file}: {error}")
        if not problems:
            problems = [
                f"{file_of(kind.name, name)}: {problem}"
                for kind in kinds()
                for name, problem in sorted(kind.problems(brand).items())
                if (kind.name, name) not in wrong_before
            ]
        if problems:
            raise ConfigurationError(problems)
        if dry_run:
            transaction.set_rollback(True)
    return planned


def _do(
    brand: Brand, change: Change, standing: Documents, wanted: Documents, now: datetime
) -> None:
    kind = next(kind for kind in kinds() if kind.name == change.kind)
    if change.act == "archive" and kind.archive:
        kind.archive(brand, change.name, now)
    elif change.act in ("add", "change"):
        before = standing[kind.name].get(change.name)
        kind.put(brand, change.name, wanted[kind.name][change.name], before, now)


def _changes(standing: Documents, wanted: Documents, *, prune: bool) -> Iterator[Change]:
    """Additions and changes, a document after those it rests on; then what the folder lacks."""
    for kind in kinds():
        have, want = standing[kind.name], wanted.get(kind.name, {})
        for name in _in_order(kind, want):
            before = have.get(name)
            after = want[name] if before is None else kind.becomes(before, want[name])
            if before is None:
                yield Change("add", kind.name, name, "", text_of(after))
            elif text_of(before) != text_of(after):
                yield Change("change", kind.name, name, text_of(before), text_of(after))
    for kind in reversed(kinds()):
        have = standing[kind.name]
        gone = [name for name in _in_order(kind, have) if name not in wanted.get(kind.name, {})]
        act = "archive" if prune and kind.archive else "keep"
        for name in reversed(gone):
            yield Change(act, kind.name, name, text_of(have[name]), "")


def _in_order(kind: Kind, documents: Mapping[str, Document]) -> list[str]:
    """The names by the alphabet, each after those it rests on; circles are left to ``put``."""
    ordered: dict[str, None] = {}
    under_way: set[str] = set()

    def add(name: str) -> None:
        if name in ordered or name in under_way or name not in documents:
            return
        under_way.add(name)
        for other in sorted(kind.names(documents[name])):
            add(other)
        ordered[name] = None

    for name in sorted(documents):
        add(name)
    return list(ordered)


def _files(folder: Path) -> list[Path]:
    """Every file below, but for hidden ones, such as those of version control."""
    found = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if path.is_file() and not hidden:
            found.append(path)
    return found


class _Dumper(yaml.SafeDumper):
    """Writes a text of several lines as these lines."""


def _text(dumper: _Dumper, text: str) -> yaml.Node:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _loaded(path: Path) -> Any:
    """What a file says, dates as text. Raises ``RefusedInputError``: ``YAML``, ``SIZE``."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            raise RefusedInputError("SIZE", f"is larger than {FILE_BYTES_MAX // 1024} KiB")
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise RefusedInputError("YAML", f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise RefusedInputError("YAML", f"is no UTF-8 text: {error}") from None
    try:
        return read_yaml(text)
    except RefusedInputError as error:
        raise RefusedInputError("YAML", f"is no YAML: {error}") from None
