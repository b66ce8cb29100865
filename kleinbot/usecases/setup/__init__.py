"""What admins set up in their server, and how the bot introduces itself there."""
