"""What is refused: reads prompts as people see them, judges them, and matches servers' own words. Pure."""
