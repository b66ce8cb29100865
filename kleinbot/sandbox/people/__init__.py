"""People and their Discord clients."""
