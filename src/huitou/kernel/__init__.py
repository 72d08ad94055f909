"""Kernel owns the words every room shares: money, months, clock, ids, errors.

It gives small pure values and functions, and never imports Django or another room.
"""
