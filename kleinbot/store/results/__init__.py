"""Finished results as members find them again, and the files that rows refer to."""
