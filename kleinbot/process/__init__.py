"""The process around the bot: supervisor, signals, locks, disk space, logging."""
