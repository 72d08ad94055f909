"""Ingest owns files on their way in: formats, batches, mappings and quarantine.

It reads what platforms export, asks members and commerce to record it, and keeps every refused
row with its reason; it never writes another room's tables.
"""
