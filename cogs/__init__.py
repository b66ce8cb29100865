"""The slash commands. A cog parses options and calls a handler: it holds no SQL, no rule and no sentence."""
