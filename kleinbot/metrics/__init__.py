"""Prometheus metrics on a loopback port. They name no member, server or prompt."""
