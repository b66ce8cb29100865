"""Measures the model on this host as the bot would run it. Above the engine; knows nothing of Discord."""
