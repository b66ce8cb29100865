"""Reads untrusted pictures and writes labelled ones."""
