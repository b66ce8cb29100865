"""What is to be delivered, and which messages show which pictures."""
