"""The tables of the room, one module per noun."""

from huitou.brands.models.brand import Brand, Group, Platform, Shop
from huitou.brands.models.sign_in import (
    Authenticator,
    Lockout,
    RecoveryCode,
    SignInLink,
    StaffSession,
)
from huitou.brands.models.staff import GroupRole, Role, Staff, StaffRole

__all__ = [
    "Authenticator",
    "Brand",
    "Group",
    "GroupRole",
    "Lockout",
    "Platform",
    "RecoveryCode",
    "Role",
    "Shop",
    "SignInLink",
    "Staff",
    "StaffRole",
    "StaffSession",
]
