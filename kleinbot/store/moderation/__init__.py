"""Bans, channel rules, hidden results, reports and what members are told of them."""
