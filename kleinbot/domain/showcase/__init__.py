"""What members share with their server."""
