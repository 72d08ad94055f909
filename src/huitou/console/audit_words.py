"""What an entry of the audit log says, in words: labels, names and choices instead of keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.db.models import Field
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from huitou.brands.models import Brand, Group, Shop, Staff
from huitou.eventlog.models import AuditEntry

# Model → key → name.
Names = dict[Any, dict[int, str]]
# Fields shown at once; the rest is folded away.
SHOWN = 3
NOTHING = "–"
# Columns whose model has no words for them.
_COLUMNS: dict[str, str | Promise] = {
    "role": gettext_lazy("Role"),
    "brand_id": gettext_lazy("Brand"),
    "shop_id": gettext_lazy("Shop"),
    "group_id": gettext_lazy("Group"),
    "staff_id": gettext_lazy("Staff"),
    "language": gettext_lazy("Language"),
    "password": gettext_lazy("Password"),
    "is_active": gettext_lazy("May sign in"),
    "two_factor_required": gettext_lazy("Sign-in code required"),
    "confirmed_at": gettext_lazy("Confirmed"),
    "last_login": gettext_lazy("Last signed in"),
    "subjects": gettext_lazy("Whose"),
}
# The line says them already: which row, and when.
_SAID = frozenset({"id", "created_at"})
_NAMED: dict[Any, str] = {Brand: "name", Shop: "name", Group: "name", Staff: "username"}


@dataclass(frozen=True)
class Change:
    """A field with what it was and is, as text; "–" for nothing."""

    label: str
    old: str
    new: str


@dataclass(frozen=True)
class Line:
    """An entry with its changes: the first few, and the folded rest."""

    entry: AuditEntry
    shown: list[Change]
    folded: list[Change]


def lines(entries: Iterable[AuditEntry]) -> list[Line]:
    """The entries in words; one query per kind of thing they name, however many there are."""
    found = list(entries)
    names = _names(found)
    result = []
    for entry in found:
        fields = _fields().get(entry.table_name, {})
        changes = [
            _change(column, pair, fields.get(column), names)
            for column, pair in sorted(entry.changes.items())
            if column not in _SAID
        ]
        result.append(Line(entry, changes[:SHOWN], changes[SHOWN:]))
    return result


def _change(column: str, pair: Any, field: Field[Any, Any] | None, names: Names) -> Change:
    label = _COLUMNS.get(column) or (field.verbose_name if field else column)
    if column == "subjects":
        return Change(str(label), NOTHING, ", ".join(map(str, pair)))
    old, new = (_text(value, field, names) for value in pair)
    return Change(str(label), old, new)


def _text(value: Any, field: Field[Any, Any] | None, names: Names) -> str:
    if value is None or value == "":
        return NOTHING
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if field is not None and field.related_model in names:
        return names[field.related_model].get(value, f"#{value}")
    if isinstance(value, list):
        return ", ".join(_text(part, None, names) for part in value) or NOTHING
    words = dict(field.flatchoices) if field is not None else {}
    return str(value if isinstance(value, dict) else words.get(value, value))


def _names(entries: list[AuditEntry]) -> Names:
    wanted: dict[Any, set[int]] = defaultdict(set)
    for entry in entries:
        fields = _fields().get(entry.table_name, {})
        for column, pair in entry.changes.items():
            model = fields[column].related_model if column in fields else None
            if model in _NAMED:
                wanted[model] |= {value for value in pair if isinstance(value, int)}
    return {
        model: dict(model.objects.filter(pk__in=ids).values_list("pk", _NAMED[model]))
        for model, ids in wanted.items()
    }


@cache
def _fields() -> dict[str, dict[str, Field[Any, Any]]]:
    return {
        model._meta.db_table: {str(field.column): field for field in model._meta.concrete_fields}
        for model in apps.get_models(include_auto_created=True)
    }
