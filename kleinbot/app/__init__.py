"""The running bot: how it is assembled and started, and how it handles the availability of its GPU."""
