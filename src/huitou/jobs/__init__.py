"""Jobs owns long work a person waits for: its progress, its result and its failure.

It gives a row a page can poll; it never knows what the work is.
"""
