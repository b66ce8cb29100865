"""What the commands of ``bot.py`` are made of; ``kleinbot.cli`` is their entry."""
