"""The same arithmetic with smaller intermediate tensors."""
