"""Linear layers with 8-bit weights: made, kept on disk, read back."""
