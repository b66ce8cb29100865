"""Trains and judges the model that ships. Not part of the package that is installed."""
