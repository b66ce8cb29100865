"""The owner's settings, and where they are read from."""
