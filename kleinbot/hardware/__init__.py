"""Probes the machine and chooses the profile for it. Imports no torch."""
