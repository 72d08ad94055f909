"""The tables of the room, one module per noun."""

from huitou.members.models.edge import DECIDED, IdentityEdge, Verdict
from huitou.members.models.identity import (
    IDENTITY_KINDS,
    NAMED_PHONE,
    PLATFORM_KINDS,
    SIGHTING_KINDS,
    Identity,
)
from huitou.members.models.member import Gender, Member
from huitou.members.models.overused import OverusedKey
from huitou.members.models.policy import IdentityPolicy
from huitou.members.models.review import Conflict, ReviewState, Suggestion

__all__ = [
    "DECIDED",
    "IDENTITY_KINDS",
    "NAMED_PHONE",
    "PLATFORM_KINDS",
    "SIGHTING_KINDS",
    "Conflict",
    "Gender",
    "Identity",
    "IdentityEdge",
    "IdentityPolicy",
    "Member",
    "OverusedKey",
    "ReviewState",
    "Suggestion",
    "Verdict",
]
