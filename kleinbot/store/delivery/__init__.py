"""The outbox, and which messages show which pictures."""
