"""Brands owns group, brand, shop, staff with their roles, and API keys.

It gives the scope every query starts from; it never knows members, orders or files.
"""
