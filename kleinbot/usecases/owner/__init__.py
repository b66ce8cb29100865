"""The owner's use cases, and how servers share the GPU."""
