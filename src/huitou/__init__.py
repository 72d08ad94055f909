"""Huitou (回头): the open e-commerce CRM that turns first-time buyers into regulars."""

__version__ = "0.1.0"
