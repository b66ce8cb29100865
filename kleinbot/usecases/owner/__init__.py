"""What the owner may do, and how servers share the GPU."""
