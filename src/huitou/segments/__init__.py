"""Segments owns rules: who belongs to an audience, since when, and why.

A rule is data. It is compiled once for sets of members and judged for one member from the same
tree; nothing here sends, rewards or changes a member.
"""
