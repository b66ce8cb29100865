"""Runs the model for the dispatcher, on one GPU with one thread."""
