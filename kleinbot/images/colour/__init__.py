"""Colour as files state it, to 8-bit sRGB."""
