"""What a person may have given out, deleted or removed, and what the bot says about it."""
