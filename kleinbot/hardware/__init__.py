"""What the machine is and how the model sits on it. No torch."""
