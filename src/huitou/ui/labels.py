"""The words and tones of the codes that pages show: a code is stored, its label is looked up."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Label:
    """A code's word and its tone, the suffix of the ``ec-badge-*`` and ``ec-tone-*`` classes."""

    text: str | Promise  # translated when it is shown
    tone: str


RFM_GROUPS = {
    "privileged": Label(_("Privileged"), "rfm-privileged"),
    "main_development": Label(_("Main development"), "rfm-main_development"),
    "important_value": Label(_("Important value"), "rfm-important_value"),
    "important_win_back": Label(_("Important to win back"), "rfm-important_win_back"),
    "regular_upkeep": Label(_("Regular upkeep"), "rfm-regular_upkeep"),
    "key_upkeep": Label(_("Key upkeep"), "rfm-key_upkeep"),
    "general_upkeep": Label(_("General upkeep"), "rfm-general_upkeep"),
    "no_value": Label(_("No value"), "rfm-no_value"),
}
LIFECYCLE_STAGES = {
    "active": Label(_("Active"), "stage-active"),
    "silent": Label(_("Silent"), "stage-silent"),
    "sleeping": Label(_("Sleeping"), "stage-sleeping"),
    "near_loss": Label(_("Near loss"), "stage-near_loss"),
    "lost": Label(_("Lost"), "stage-lost"),
    "not_yet": Label(_("No purchase yet"), "stage-new"),
}
BUYER_TYPES = {
    "new": Label(_("New"), "blue"),
    "returning": Label(_("Returning"), "teal"),
    "loyal": Label(_("Loyal"), "violet"),
}
VALUE_TIERS = {
    "core": Label(_("Core"), "violet"),
    "potential": Label(_("Potential"), "teal"),
    "ordinary": Label(_("Ordinary"), "grey"),
}
STAGES_5A = {
    "aware": Label(_("Aware"), "blue"),
    "attempt": Label(_("Attempt"), "teal"),
    "adopt": Label(_("Adopt"), "green"),
    "advocate": Label(_("Advocate"), "violet"),
    "abandon": Label(_("Abandon"), "grey"),
}
AARRR_STAGES = {
    "acquisition": Label(_("Acquisition"), "grey"),
    "activation": Label(_("Activation"), "blue"),
    "retention": Label(_("Retention"), "teal"),
    "revenue": Label(_("Revenue"), "green"),
    "referral": Label(_("Referral"), "violet"),
}
JOURNEY_STAGES = {
    "potential": Label(_("Potential customer"), "blue"),
    "fan": Label(_("Fan"), "teal"),
    "customer": Label(_("Customer"), "green"),
    "lost": Label(_("Lost"), "grey"),
}
JOB_KINDS = {
    "import": Label(_("Import"), "blue"),
    "refresh": Label(_("Refresh insight"), "teal"),
    "months": Label(_("Life cycle over time"), "teal"),
    "undo": Label(_("Undo import"), "orange"),
    "export": Label(_("Export"), "violet"),
    "suggest": Label(_("Look for suggestions"), "blue"),
    "verify": Label(_("Check the audit log"), "teal"),
    "demo": Label(_("Load demo data"), "grey"),
    "segments": Label(_("Refresh segments"), "teal"),
}
JOB_STATES = {
    "queued": Label(_("Waiting"), "grey"),
    "running": Label(_("Running"), "blue"),
    "done": Label(_("Done"), "green"),
    "failed": Label(_("Failed"), "red"),
}
JOB_STEPS = {
    "projecting": Label(_("Reading what is new"), "blue"),
    "figuring": Label(_("Computing the figures"), "blue"),
    "months": Label(_("Computing month by month"), "blue"),
    "comparing": Label(_("Looking for who can have moved"), "blue"),
    "judging": Label(_("Judging members by the rules"), "blue"),
    "keeping": Label(_("Keeping who is in"), "blue"),
    "unreadable": Label(_("Rules that cannot be read"), "red"),
}
SEGMENT_STATES = {
    "dynamic": Label(_("Dynamic"), "teal"),
    "frozen": Label(_("Frozen"), "blue"),
    "archived": Label(_("Archived"), "grey"),
    "broken": Label(_("Rule broken"), "red"),
}
FAMILIES = {
    "rfm": RFM_GROUPS,
    "stage": LIFECYCLE_STAGES,
    "buyer": BUYER_TYPES,
    "tier": VALUE_TIERS,
    "stage_5a": STAGES_5A,
    "aarrr": AARRR_STAGES,
    "journey": JOURNEY_STAGES,
    "job_kind": JOB_KINDS,
    "job_state": JOB_STATES,
    "job_step": JOB_STEPS,
    "segment_state": SEGMENT_STATES,
}


def label(family: str, code: str) -> Label:
    """The label of ``code`` in ``family``; the bare code in grey when it is not known."""
    return FAMILIES[family].get(code) or Label(code, "grey")
