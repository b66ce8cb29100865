"""Pictures from people: read in processes of their own, within bounds."""
