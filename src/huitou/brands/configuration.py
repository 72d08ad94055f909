"""What an operator sets up, as documents: each room registers its kinds from ``AppConfig.ready``.

A document is plain data (mappings, lists, texts, numbers, booleans). The command line writes and
reads them as files (``brands.configuration_files``) and applies them through the rooms' services.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from huitou.brands.models import Brand
from huitou.kernel.errors import RefusedInputError

Document = dict[str, Any]


def nothing_named(_document: Document) -> Collection[str]:
    """No other document of the kind."""
    return ()


def as_wanted(_standing: Document, wanted: Document) -> Document:
    """What is wanted, and nothing of what stands."""
    return wanted


@dataclass(frozen=True)
class Kind:
    """A kind of document, kept in the folder ``name``, one file each.

    ``standing`` are the brand's own, by the name of the file. ``read`` makes of what a file says
    the document in full, or raises ``RefusedInputError``. ``becomes`` is what stands after the
    second is applied to the first. ``put`` writes one through the room's services (the document
    standing before it, or None), ``archive`` takes one out of use; without it nothing can.
    ``names`` are those of the same kind a document rests on. Kinds of a lower ``storey`` are
    applied first. ``problems`` are what is wrong in the end, by the name of the file.
    """

    name: str
    storey: int
    standing: Callable[[Brand], Mapping[str, Document]]
    read: Callable[[str, Any], Document]
    put: Callable[[Brand, str, Document, Document | None, datetime], None]
    archive: Callable[[Brand, str, datetime], None] | None = None
    becomes: Callable[[Document, Document], Document] = as_wanted
    names: Callable[[Document], Collection[str]] = nothing_named
    problems: Callable[[Brand], Mapping[str, str]] = lambda _brand: {}


_kinds: dict[str, Kind] = {}


def register_kind(kind: Kind) -> None:
    """Declare a kind; again under the same name replaces it."""
    _kinds[kind.name] = kind


def kinds() -> list[Kind]:
    """Every kind, in the order they are applied."""
    return sorted(_kinds.values(), key=lambda kind: (kind.storey, kind.name))


def read_fields(given: Any, required: Mapping[str, type], optional: Mapping[str, Any]) -> Document:
    """A document of exactly these fields; an optional one left out has its default.

    The default's type is the type an optional field must have. Raises ``RefusedInputError``:
    ``DOCUMENT``.

    >>> read_fields({"name": "VIP"}, {"name": str}, {"exclusive": False})
    {'name': 'VIP', 'exclusive': False}
    """
    if not isinstance(given, dict):
        raise RefusedInputError("DOCUMENT", "is no mapping of fields to values")
    types = {**required, **{name: type(default) for name, default in optional.items()}}
    unknown = [str(name) for name in given if name not in types]
    if unknown:
        raise RefusedInputError(
            "DOCUMENT", f"has an unknown field {unknown[0]!r}; known: {', '.join(types)}"
        )
    missing = [name for name in required if name not in given]
    if missing:
        raise RefusedInputError("DOCUMENT", f"lacks the field {missing[0]!r}")
    for name, value in given.items():
        if type(value) is not types[name]:
            raise RefusedInputError("DOCUMENT", f"{name}: {value!r} is no {_TYPES[types[name]]}")
    return {name: given.get(name, optional.get(name)) for name in types}


_TYPES = {str: "text", bool: "true or false", list: "list", dict: "mapping", int: "whole number"}
