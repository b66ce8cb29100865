"""Untrusted pictures in, labelled pictures out."""
