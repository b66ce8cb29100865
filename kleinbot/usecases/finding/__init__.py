"""Finding pictures and how they were made."""
