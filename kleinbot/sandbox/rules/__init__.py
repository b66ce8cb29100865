"""The requests that Discord refuses, and with which error."""
