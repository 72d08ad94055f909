"""Brands owns group, brand, shop and staff with their roles.

It gives the scope every query starts from; it never knows members, orders or files.
"""
