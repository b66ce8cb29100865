"""Jobs, their images and references, and the events that changed them."""
