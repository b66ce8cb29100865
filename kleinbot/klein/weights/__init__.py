"""Finds, downloads, recognises and checks weight files. Imports no torch but in the tensor reader."""
