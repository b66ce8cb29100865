"""Families of commands: parse, call, show. No SQL, no rule, no sentence."""
