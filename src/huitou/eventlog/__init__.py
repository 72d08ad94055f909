"""Eventlog owns the one ordered log of news between rooms, and each reader's cursor.

It gives ``append`` (inside the caller's transaction) and ``read_batch``; it never knows what an
event means.
"""
