"""What a member may spend, and what admins may change about it."""
