"""Addresses of every door."""

from django.urls import include, path

urlpatterns = [
    path("", include("huitou.console.urls")),
    path("", include("huitou.ingest.urls")),
]
