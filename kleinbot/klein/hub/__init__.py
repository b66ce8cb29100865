"""Weights from the Hugging Face hub: listed, downloaded, resumed and verified. Imports no torch."""
