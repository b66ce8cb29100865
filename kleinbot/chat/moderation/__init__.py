"""/mod, the channels of /admin, and reports."""
