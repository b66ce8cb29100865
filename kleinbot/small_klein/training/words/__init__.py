"""The sentences that ask for pictures and edits, in English and in German."""
