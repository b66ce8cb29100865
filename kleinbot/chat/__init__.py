"""The bot on Discord, by feature; each has handlers, views and buttons."""
