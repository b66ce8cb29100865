"""kleinbot: a community's one graphics card as its image studio, on Discord."""

__version__ = "0.1.0"
