"""Vault owns the keys of this installation and the map of personal data.

It gives sealing of fields (AES-256-GCM under rotating keys), keyed hashes of addresses, and the
registry in which every room declares what it keeps about people. It knows no room and no person.
"""
