"""Each format's file, reduced to what its pixels need before a decoder sees it.

Decoders are at their weakest in what is around the pixels: text that unpacks to gigabytes, ten thousand
scans, directories that point into themselves. None of that reaches them, and the size is known first.
"""
