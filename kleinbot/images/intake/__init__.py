"""Reads untrusted pictures in separate processes with bounded resources."""
