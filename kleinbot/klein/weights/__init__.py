"""Finds, recognises and checks weight files. Only the tensor reader and writer import torch."""
