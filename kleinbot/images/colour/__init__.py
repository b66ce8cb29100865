"""Converts files' colours to 8-bit sRGB."""
