"""Addresses of every door, and the pages of errors."""

from django.urls import include, path

from huitou.config.health import healthz

# Addresses are tried in this order; those that other systems ask all day come first.
urlpatterns = [
    path("", include("huitou.api.urls")),
    path("healthz", healthz, name="healthz"),
    path("", include("huitou.console.urls")),
    path("", include("huitou.ingest.urls")),
]

handler400 = "huitou.ui.errors.bad_request"
handler403 = "huitou.ui.errors.permission_denied"
handler404 = "huitou.ui.errors.page_not_found"
handler500 = "huitou.ui.errors.server_error"
