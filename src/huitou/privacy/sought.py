"""What a person is recognised by in texts, rows and files that belong to nobody in particular.

Contacts are found in any spelling; identifiers and names only where they stand alone (a cell, a
word between separators), because a nick may be part of another's. A name counts only when the
brand has nobody else of that name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

from huitou.vault.hashing import EMAIL, PHONE, TOKEN_PREFIX, normalised

# Shorter ones stand in too many other people's cells.
KEY_CHARS_MIN = 4
_NAME_CHARS_MIN = 2
_PHONE_DIGITS_MIN = 7
SCRUBBED = "[erased]"
# What cells and words are separated by; \x1f is what the readers of files use.
_EDGE = r'"\x1f,;|\t=:\s<>\\'
_LETTERS = r"0-9A-Za-z\u4e00-\u9fff"
# Signs between the digits of a phone, and wide digits: a text without them is searched for plain
# needles first, which is ten times faster than the patterns.
_WIDE, _NARROW, _SIGNS = "０１２３４５６７８９", "0123456789", " -().\t\n\r\u3000\u00a0"
_NOISE = f"[{re.escape(_SIGNS)}]*"
_PLAIN = str.maketrans(_WIDE, _NARROW, _SIGNS)


@dataclass(frozen=True)
class Sought:
    """``identifiers`` are (hash kind, value); ``numbers`` are order numbers and the like."""

    identifiers: tuple[tuple[str, str], ...]
    names: tuple[str, ...]
    numbers: tuple[str, ...]

    @classmethod
    def from_json(cls, text: str) -> Sought:
        """What ``to_json`` wrote."""
        found = json.loads(text)
        pairs = tuple((kind, value) for kind, value in found["identifiers"])
        return cls(pairs, tuple(found["names"]), tuple(found["numbers"]))

    def to_json(self) -> str:
        """As text, to be sealed."""
        return json.dumps(asdict(self), ensure_ascii=False)

    @cached_property
    def person(self) -> str:
        """A pattern, for Python and PostgreSQL alike, of what names the person; '' for nothing."""
        return _any(self._person_parts())

    @cached_property
    def rows(self) -> str:
        """A pattern of rows and files about the person: ``person`` and the numbers of orders."""
        return _any([*self._person_parts(), *self._standing_alone(self.numbers)])

    def scrubbed(self, value: Any) -> Any:
        """``value`` (text or JSON) with what names the person cut out.

        >>> sought = Sought((("phone", "13800138001"),), ("林夕",), ())
        >>> sought.scrubbed({"to": "+86 138-0013-8001", "note": ["林夕", "林夕月"], "n": 1})
        {'to': '[erased]', 'note': ['[erased]', '林夕月'], 'n': 1}
        """
        if isinstance(value, str):
            return self._person.sub(SCRUBBED, value) if self.person else value
        if isinstance(value, list):
            return [self.scrubbed(item) for item in value]
        if isinstance(value, dict):
            return {self.scrubbed(key): self.scrubbed(item) for key, item in value.items()}
        return value

    def is_in(self, text: str) -> bool:
        """Whether a row or line of text is about the person."""
        plain = text.lower().translate(_PLAIN)
        return any(needle in plain for needle in self.needles) and bool(self._rows.search(text))

    @cached_property
    def needles(self) -> tuple[str, ...]:
        """Of these one is in the plain form of every text that a pattern matches."""
        phones = [_national(value) for kind, value in self.identifiers if kind == PHONE]
        others = [value for kind, value in self.identifiers if kind != PHONE]
        plain = [v.lower().translate(_PLAIN) for v in (*others, *self.names, *self.numbers)]
        return tuple(dict.fromkeys(needle for needle in (*phones, *plain) if needle))

    @property
    def sql_values(self) -> dict[str, Any]:
        """What ``matches_sql`` is filled with, but for the pattern ``sought``."""
        escaped = (re.sub(r"([\\%_])", r"\\\1", needle) for needle in self.needles)
        return {
            "needles": [f"%{needle}%" for needle in escaped],
            "plain_from": _WIDE + _SIGNS,
            "plain_to": _NARROW,
        }

    @staticmethod
    def matches_sql(column: str) -> str:
        """A condition on a column's text: the needles first, then the pattern."""
        return (
            f"case when translate(lower({column}::text), %(plain_from)s, %(plain_to)s)"
            f" like any(%(needles)s) then {column}::text ~* %(sought)s else false end"
        )

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where ``text`` names the person."""
        return [match.span() for match in self._person.finditer(text)] if self.person else []

    @cached_property
    def _person(self) -> re.Pattern[str]:
        return re.compile(self.person, re.IGNORECASE)

    @cached_property
    def _rows(self) -> re.Pattern[str]:
        return re.compile(self.rows, re.IGNORECASE)

    def _person_parts(self) -> list[str]:
        parts = []
        for kind, value in self.identifiers:
            if value.startswith(TOKEN_PREFIX) or not normalised(kind, value):
                continue
            if kind == PHONE:
                parts += _phone(value)
            elif kind == EMAIL:
                parts.append(rf"(?<![\w.+-]){re.escape(value)}(?![\w-])")
            else:
                parts += self._standing_alone([value])
        return parts + self._standing_alone(self.names, at_least=_NAME_CHARS_MIN)

    @staticmethod
    def _standing_alone(values: Iterable[str], at_least: int = KEY_CHARS_MIN) -> list[str]:
        return [_alone(value) for value in values if len(value) >= at_least]


def _alone(value: str) -> str:
    """``value`` as a whole cell or word; Chinese also between signs, as in a file's name."""
    if value.isascii():
        return f"(?<![^{_EDGE}]){re.escape(value)}(?![^{_EDGE}])"
    return f"(?<![{_LETTERS}]){re.escape(value)}(?![{_LETTERS}])"


def _any(parts: Iterable[str]) -> str:
    return "|".join(dict.fromkeys(parts))


def _national(value: str) -> str:
    key = normalised(PHONE, value)
    return key.removeprefix("+86") if key.startswith("+86") else key.lstrip("+0")


def _phone(value: str) -> list[str]:
    national = _national(value)
    if len(national) < _PHONE_DIGITS_MIN:
        return []
    digits = _NOISE.join(f"[{digit}{_WIDE[int(digit)]}]" for digit in national)
    return [rf"(?<!\d)(?:(?:\+|00)?86{_NOISE})?{digits}(?!\d)"]
