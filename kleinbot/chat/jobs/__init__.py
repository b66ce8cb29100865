"""/imagine, /queue and /cancel: requests, and what is said about jobs that are open."""
