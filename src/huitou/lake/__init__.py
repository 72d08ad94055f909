"""Lake owns the analytic projection: table registry, Delta writer, reader and engine.

It can be dropped and rebuilt from PostgreSQL at any time; it never knows a room by name.
"""
