"""Members owns people as a brand knows them: accounts, identifiers, what is kept of them, consent.

It gives exact-match resolution, batch profiles, attributes, tags, touches and consent over all
accounts of a person, and the registry through which rooms above tell what they know; it never
computes values from orders and never sends anything.
"""
