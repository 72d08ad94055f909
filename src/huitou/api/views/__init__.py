"""Pages of the room for developers."""
