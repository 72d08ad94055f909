"""Addresses of the open door and of its pages."""

from django.urls import path

from huitou.api.endpoints import api, no_such_address
from huitou.api.hooks import receive
from huitou.api.views import connections, keys, webhooks

urlpatterns = [
    path("api/v1/", api.urls),
    path("api/<path:rest>", no_such_address, name="api_nowhere"),
    path("hooks/<str:token>/", receive, name="hook"),
    path("interfaces/keys/", keys.keys, name="api_keys"),
    path("interfaces/keys/<str:prefix>/revoke/", keys.revoke, name="api_key_revoke"),
    path("interfaces/connections/", connections.page, name="connections"),
    path(
        "interfaces/connections/<int:connection_id>/close/",
        connections.close,
        name="connection_close",
    ),
    path(
        "interfaces/connections/<int:connection_id>/ask/",
        connections.ask_now,
        name="connection_ask",
    ),
    path("interfaces/received/<int:hook_id>/again/", connections.again, name="hook_again"),
    path("interfaces/webhooks/", webhooks.page, name="webhooks"),
    path("interfaces/webhooks/<uuid:public_id>/close/", webhooks.close, name="webhook_close"),
    path("interfaces/sent/<int:delivery_id>/again/", webhooks.again, name="delivery_again"),
]
