"""Addresses of the open door."""

from django.urls import path

from huitou.api.endpoints import api

urlpatterns = [
    path("api/v1/", api.urls),
]
