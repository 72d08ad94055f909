"""The tables of the room, one module per noun."""

from huitou.brands.models.brand import Brand, Platform, Shop
from huitou.brands.models.staff import Role, Staff, StaffRole

__all__ = ["Brand", "Platform", "Role", "Shop", "Staff", "StaffRole"]
