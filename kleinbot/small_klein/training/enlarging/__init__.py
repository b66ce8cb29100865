"""One run of ten minutes that teaches the shipped model more: sizes, shapes, counts, German."""
