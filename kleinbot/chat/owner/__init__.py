"""/host, for the owner alone."""
