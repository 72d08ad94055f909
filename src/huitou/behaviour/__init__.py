"""Behaviour owns what people did beside buying: visits, searches, views, carts, parcels' traces.

It gives an append-only record, unique by the sender's own id, and the lake table ``touch_fact``;
it tells ``behaviour.events_recorded``. It never changes an event and never judges a person.
"""
