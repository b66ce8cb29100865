"""Servers, members, and the quota ledger."""
