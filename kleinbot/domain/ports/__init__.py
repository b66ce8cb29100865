"""What the bot expects of what lies outside of it: a sink for metrics, proxies."""
