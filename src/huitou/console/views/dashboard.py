"""The dashboard."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from huitou.ui.access import brand_required


@brand_required
def dashboard(request: HttpRequest) -> HttpResponse:
    """The overview page."""
    return render(request, "console/dashboard.html")
