"""Api is the open door for other systems: OpenAPI endpoints, platform webhooks, webhooks out.

It owns the raw news it took in, what is parked, the newest version seen of an order or member, its
connections and subscriptions. It records through members, commerce and behaviour, and decides
nothing about people or orders itself.
"""
