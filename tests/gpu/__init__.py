"""Run manually on a machine with a GPU; pytest collects nothing here."""
