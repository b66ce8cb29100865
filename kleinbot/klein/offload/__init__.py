"""Where weights lie between two uses: GPU, pinned host memory, or disk."""
