"""Why a row or file was not accepted as it stands, and what a person can do about it.

``QUARANTINE`` explains the codes of refused rows, ``WARNINGS`` the codes counted on accepted ones,
``REFUSALS`` the codes of files refused before any effect. The texts stand in ``codes.yaml``.
"""

from __future__ import annotations

from importlib import resources
from typing import NamedTuple

import yaml


class Explanation(NamedTuple):
    """What is wrong and what to do, in Chinese and English."""

    zh: str
    en: str


_TEXTS = yaml.safe_load(resources.files(__package__).joinpath("codes.yaml").read_text("utf-8"))

QUARANTINE, WARNINGS, REFUSALS = (
    {code: Explanation(text["zh"], text["en"]) for code, text in _TEXTS[part].items()}
    for part in ("quarantine", "warnings", "refusals")
)
