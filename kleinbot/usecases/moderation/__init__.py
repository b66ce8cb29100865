"""What moderators and admins do about people, channels and reported pictures."""
