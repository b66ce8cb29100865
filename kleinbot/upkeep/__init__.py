"""Keeps database and archive consistent: which pictures belong to the database, and which may be swept."""
