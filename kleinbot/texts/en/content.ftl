## What is refused for its content. Calm, the same for everybody, and without a word about what was found.

error-content-minors = I make nothing sexual in which somebody could be a child or a teenager, in no server and for nobody. If you meant something else, say it in other words. Nothing was charged.
error-content-others-pictures = I do not undress or sexualise anybody in a picture that I did not draw myself, in no server and for nobody. If you meant something else, say it in other words. Nothing was charged.
