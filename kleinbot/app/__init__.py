"""The running bot: how it is assembled and started, and how it handles the availability of its GPU."""

from kleinbot.installation import make_cogs_importable

make_cogs_importable()  # before ``app.cogs`` imports them
