"""Commerce owns what shops sold: catalogue, orders, lines, refunds and reviews.

It gives set-wise recording with undo, batch reads and the order facts of the lake; it never
decides prices and never knows files or platforms' column names.
"""
