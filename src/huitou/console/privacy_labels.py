"""The words of the privacy page's codes."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from huitou.privacy.models import RequestKind
from huitou.ui.labels import FAMILIES, Label

FAMILIES["privacy_kind"] = {kind.value: Label(kind.label, "grey") for kind in RequestKind}
FAMILIES["privacy_state"] = {
    "running": Label(_("Running"), "blue"),
    "waiting": Label(_("Waiting"), "orange"),
    "done": Label(_("Done"), "green"),
}
FAMILIES["privacy_category"] = {
    "name": Label(_("Name"), "grey"),
    "contact": Label(_("Contact"), "grey"),
    "identifier": Label(_("Identifier"), "grey"),
    "address": Label(_("Address"), "grey"),
    "demographic": Label(_("About the person"), "grey"),
    "content": Label(_("Free text"), "grey"),
    "copy": Label(_("Copy of a row"), "grey"),
}
FAMILIES["privacy_kept"] = {
    "sealed": Label(_("Sealed"), "green"),
    "pseudonym": Label(_("Pseudonym"), "green"),
}
FAMILIES["privacy_shown"] = {
    "clear": Label(_("In clear"), "grey"),
    "masked": Label(_("Masked"), "grey"),
    "never": Label(_("Not shown"), "grey"),
}
FAMILIES["privacy_erase"] = {
    "empty": Label(_("Emptied"), "grey"),
    "null": Label(_("Emptied"), "grey"),
    "token": Label(_("Replaced by a keyed token"), "grey"),
    "renew": Label(_("Replaced by a new number"), "grey"),
    "scrub": Label(_("Person cut out"), "grey"),
    "keep": Label(_("Kept for the sums"), "grey"),
    "delete": Label(_("Row removed"), "grey"),
}
