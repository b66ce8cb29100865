"""What members bring along from elsewhere: parameters in a prompt, and /help."""
