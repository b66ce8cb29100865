"""Judges drawn pictures by an image-classification model on the processor."""
