"""Pictures in servers' showcases, and the votes for them."""
