"""How long somebody has to wait after too many failures, in words."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from huitou.brands.models import Brand


def wait_text(until: datetime | None, *, now: datetime, brand: Brand | None = None) -> str:
    """Until when to wait: minutes, and the time in the zone of ``brand``; "" without a wait.

    Who has not signed in shows no brand: the oldest brand's zone serves, and is named.
    """
    if until is None:
        return ""
    shown = brand or Brand.objects.order_by("id").first()
    here = until.astimezone(ZoneInfo(shown.time_zone if shown else "UTC"))
    words = _("Too many attempts. Try again in %(minutes)s min, at %(time)s (UTC%(offset)s).")
    return words % {
        "minutes": max(1, -int((now - until).total_seconds() // 60)),
        "time": f"{here:%H:%M:%S}",
        "offset": here.isoformat()[-6:],
    }
