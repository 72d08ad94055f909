"""Config wires the house: settings, addresses, the embedded database and the processes.

It is the only module that may name every room.
"""
