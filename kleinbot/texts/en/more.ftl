## "More …" under a result: what else its reader may do with a picture

button-more = More …
more-title = { $count ->
        [one] What you can do with #{ $number }:
       *[other] What you can do with picture { $position } of #{ $number }:
    }
more-buttons = { $count ->
        [one] Under the picture: Edit changes it as you say. Subtle and Strong make others like it, close or further away. Reroll draws the same words anew.
       *[other] Under the pictures, counted as you read: V1 makes others like picture 1, E1 changes picture 1 as you say. Reroll draws the same words anew.
    }
more-priced = { $label } · { $pictures }
more-command = Copy as command
more-original = Original file
command-in-file = The command is too long for a message. It is in the file.
command-varied = Each variation has noise of its own: this makes others like it.
original-file = { $count ->
        [one] #{ $number } as I keep it:
       *[other] Picture { $position } of #{ $number } as I keep it:
    }

error-picture-not-known = I do not know that picture: I did not draw it, or you cannot see that I did, and its file does not say how it was made. Discord removes such notes from many pictures: the original file may still have them.
error-action-not-offered = You cannot do that with #{ $number }, or no longer. Press "More …" under the picture again to see what you can do now.
error-original-gone = I no longer keep the file of that picture of #{ $number }.
error-original-unreadable = I could not read the file of that picture of #{ $number } just now. Nothing is lost: try again later.
error-original-too-large = The original file of #{ $number } has { $megabytes } MB, and Discord takes { $most } MB from me here. The message shows a smaller copy of it.
