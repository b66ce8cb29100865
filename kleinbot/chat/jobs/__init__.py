"""/imagine, /queue and /cancel."""
