"""The words of the audit log; importing this adds their families."""

from __future__ import annotations

from django.apps import apps
from django.utils.translation import gettext_lazy as _

from huitou.ui.labels import FAMILIES, Label

FAMILIES["operation"] = {
    "insert": Label(_("created"), "green"),
    "update": Label(_("changed"), "blue"),
    "delete": Label(_("deleted"), "orange"),
    "truncate": Label(_("emptied"), "orange"),
    "access": Label(_("looked at"), "grey"),
}
FAMILIES["actor"] = {
    "staff": Label(_("Staff"), "blue"),
    "api_key": Label(_("API key"), "grey"),
    "worker": Label(_("Background worker"), "grey"),
    "cli": Label(_("Command line"), "grey"),
    "system": Label(_("System"), "grey"),
}
FAMILIES["table"] = {
    model._meta.db_table: Label(model._meta.verbose_name or model._meta.db_table, "grey")
    for model in apps.get_models()
}
# What was looked at, where that is no table.
FAMILIES["table"] |= {
    "members.contact": Label(_("Contact in clear"), "grey"),
    "members.export": Label(_("Members written to a file"), "grey"),
    "members.elsewhere": Label(_("Member seen from another brand"), "grey"),
}
