"""Ui owns the look: base pages, components, charts, navigation and the words on buttons.

It gives templates and template tags to the doors' pages; it never reads another room's data.
"""
