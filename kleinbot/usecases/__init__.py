"""The use cases. Each checks the actor, changes rows in one transaction and updates the scheduler."""
