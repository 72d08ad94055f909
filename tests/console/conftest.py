"""The ground of tests that ask for whole pages."""

from __future__ import annotations

from django.conf import settings

# WhiteNoise warns about a folder that collectstatic has not made yet.
settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
