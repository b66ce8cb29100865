"""Fused operations of Klein's forward pass: each in plain torch, and as a Triton kernel for GPUs."""
