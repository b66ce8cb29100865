"""The showcase of a server: what its members share, and their votes."""
