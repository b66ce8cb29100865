"""The only loop: claim, render, encode, archive, finish."""
