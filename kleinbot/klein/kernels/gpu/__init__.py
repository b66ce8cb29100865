"""The Triton kernels and their launches; imported only where Triton is."""
