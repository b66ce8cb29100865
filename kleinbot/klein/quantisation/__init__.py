"""Quantises linear layers to 8 bits and caches them on disk."""
