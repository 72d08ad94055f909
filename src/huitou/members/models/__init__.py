"""The tables of the room, one module per noun."""

from huitou.members.models.identity import IDENTITY_KINDS, Identity
from huitou.members.models.member import Gender, Member

__all__ = ["IDENTITY_KINDS", "Gender", "Identity", "Member"]
