"""Measures the model on this machine as the bot would run it. Knows nothing of Discord."""
