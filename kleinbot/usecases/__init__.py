"""The use cases. Each checks who acts, changes rows in one transaction, and tells the line."""
