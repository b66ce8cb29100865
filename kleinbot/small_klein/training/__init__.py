"""Trains and judges the shipped model. Not part of the installed package."""
