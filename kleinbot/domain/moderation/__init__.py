"""What moderators decide about people, channels and pictures, as frozen values."""
