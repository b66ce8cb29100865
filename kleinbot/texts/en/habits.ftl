## What members bring along from elsewhere, such as Midjourney's parameters in a prompt.

habit-meaningless = { $count ->
        [one] `{ $flags }` means nothing here, so I left it out.
       *[other] `{ $flags }` mean nothing here, so I left them out.
    }{ $negative ->
        [yes] {" "}Instead of `--no`, say what you want to see.
       *[no] {""}
    }
habit-nearest = `{ $flag }` became { $aspect }, the nearest shape that I draw.
habit-most = `{ $flag }` became { $most }: more at once are not possible.
habit-option-counts = You also chose this as an option of the command, so `{ $flag }` did not count.
habit-unusable = I could not use `{ $flag }`, so I left it out.
habit-edit-shape = An edit keeps the shape of its picture, so I left out `{ $flag }`.
