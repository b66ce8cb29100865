"""Five builders, with which product and tests put the bot together."""
