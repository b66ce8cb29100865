"""Places weights on the GPU, in pinned host memory or on disk."""
