"""Five builders that assemble the bot, for the product and for tests."""
