"""The word for the direct way out."""

DIRECT = "direct"
"""What is written in place of a proxy's address where none is to be used, whatever the environment says."""
