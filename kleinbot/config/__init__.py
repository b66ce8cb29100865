"""What the owner can set, and where the settings come from."""
