"""*More …*: what else a reader may do with a picture, in a list that they alone see."""
