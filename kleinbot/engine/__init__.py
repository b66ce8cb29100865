"""One GPU, one thread: runs the model for the dispatcher."""
