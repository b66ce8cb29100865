"""Discord, seen from the house: the client, layouts, persistent buttons, live messages and delivery."""
