"""The running bot: what it is made of, how it starts, and what it does about its GPU."""
