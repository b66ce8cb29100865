"""Checks whether the bot would start here, and says what to fix; changes nothing."""
