"""Reduces each format's file to what its pixels need before a decoder sees it.

Decoders are weakest in the data around the pixels: text that unpacks to gigabytes, ten thousand scans,
directories that point into themselves. None of that reaches them, and the size is known first.
"""
