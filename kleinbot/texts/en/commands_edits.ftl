## /edit; names and descriptions as in commands.ftl

edit-name = edit
edit-description = Change a picture by saying what to change
edit-instruction-name = instruction
edit-instruction-description = What to change, for example: make the sky purple
edit-image-name = image
edit-image-description = The picture to change, from your device
edit-picture-name = picture
edit-picture-description = One of your own pictures instead (your newest when both are left out)
edit-reference-1-name = reference-1
edit-reference-2-name = reference-2
edit-reference-3-name = reference-3
edit-reference-description = Another picture to look at, such as a person, a thing or a style
edit-seed-description = The same seed gives the same edit (0 to 4294967295)
edit-private-description = Only you see the result (as its picture when left out)

variations-name = variations
variations-description = Make more pictures like one
variations-picture-description = One of your own pictures (your newest when both are left out)
variations-image-description = A picture from your device instead
variations-which-name = which
variations-which-description = Which picture of that job, 1 to 4
variations-strength-name = strength
variations-strength-description = How different they may be (medium when left out)
strength-subtle = subtle
strength-medium = medium
strength-strong = strong

menu-edit = Edit this image
menu-variations = Make variations
menu-info = Image info
