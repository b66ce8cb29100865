"""Finished results: history, favourites, recipes and deletion."""
