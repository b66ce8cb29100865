"""Run by hand on a machine with a card; nothing here is collected by pytest."""
