"""Members owns people as a brand knows them and the identifiers they left behind.

It gives exact-match resolution and batch profiles; it never computes values from orders.
"""
