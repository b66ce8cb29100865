"""What Prometheus can ask of the bot, on a loopback port. It names no member, server or prompt."""
