"""The tables of the room, one module per noun."""

from huitou.api.models.connection import Connection, HookState, IncomingHook, ReconcileRun
from huitou.api.models.intake import MessageVersion, ParkedMessage, RateBucket
from huitou.api.models.subscription import Delivery, DeliveryState, Subscription

__all__ = [
    "Connection",
    "Delivery",
    "DeliveryState",
    "HookState",
    "IncomingHook",
    "MessageVersion",
    "ParkedMessage",
    "RateBucket",
    "ReconcileRun",
    "Subscription",
]
