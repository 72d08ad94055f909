"""Addresses of the open door."""

from django.urls import path

from huitou.api.endpoints import api
from huitou.api.hooks import receive

urlpatterns = [
    path("api/v1/", api.urls),
    path("hooks/<str:token>/", receive, name="hook"),
]
