"""What Discord refuses, and with which error."""
