"""Frozen values, error codes and the clock. Imports nothing else of kleinbot."""
