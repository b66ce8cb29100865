"""/privacy and /settings."""
