"""/quota and /admin quota."""
