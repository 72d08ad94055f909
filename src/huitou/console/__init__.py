"""Console is the operator's door: sign-in, dashboard, members and jobs.

It parses, authorises, asks rooms below and renders; it never computes a figure.
"""
