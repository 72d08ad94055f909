"""The tables of the room, one module per noun."""

from huitou.brands.models.api_key import BRAND_WIDE_SCOPES, ApiKey, Scope
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
    "BRAND_WIDE_SCOPES",
    "ApiKey",
    "Authenticator",
    "Brand",
    "Group",
    "GroupRole",
    "Lockout",
    "Platform",
    "RecoveryCode",
    "Role",
    "Scope",
    "Shop",
    "SignInLink",
    "Staff",
    "StaffRole",
    "StaffSession",
]
