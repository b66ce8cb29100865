"""What admins set up and read in their server: /admin setup, /admin doctor, notices."""
