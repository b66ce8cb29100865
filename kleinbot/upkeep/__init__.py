"""Keeping database and archive together: whose pictures these are, and what may be swept."""
