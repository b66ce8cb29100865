"""The setting's value for a direct connection."""

DIRECT = "direct"
"""Replaces a proxy's address to use no proxy, whatever the environment says."""
