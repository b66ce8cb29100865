"""Members' history, favourites and own pictures, and the files that rows refer to."""
