"""Tells whether the bot would start here, and what to mend: looks at everything, changes nothing."""
