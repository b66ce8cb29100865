"""Delivers results and keeps messages about open jobs up to date."""
