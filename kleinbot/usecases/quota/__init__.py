"""Members' quotas and how admins change them."""
