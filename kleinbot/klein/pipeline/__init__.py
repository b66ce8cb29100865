"""The stages of the model: encode, denoise, decode, and loading what they need."""
