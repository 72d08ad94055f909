"""Privacy owns requests to see or erase one person's data, and the memory that somebody is erased.

It gives export, erasure in steps other rooms add to, retention, and the filter that keeps later
files from bringing an erased person's contact data back. What there is to export or erase, it
reads from the map of personal data alone.
"""
