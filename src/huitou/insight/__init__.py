"""Insight owns what orders say about members: traits, RFM, life cycle, cycle, cohorts, KPIs.

It gives snapshots and figures over lake tables; it never writes orders or members.
"""
