"""Loads the model and runs its stages: encode, denoise, decode."""
