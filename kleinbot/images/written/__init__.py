"""Reads how a picture was made from the text inside its file, as kleinbot and other programs write it."""
