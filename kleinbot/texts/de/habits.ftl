## Was Mitglieder von anderswo mitbringen, etwa Midjourneys Parameter in einem Prompt.

habit-meaningless = { $count ->
        [one] `{ $flags }` bedeutet hier nichts, darum habe ich es weggelassen.
       *[other] `{ $flags }` bedeuten hier nichts, darum habe ich sie weggelassen.
    }{ $negative ->
        [yes] {" "}Sag statt `--no`, was du sehen willst.
       *[no] {""}
    }
habit-nearest = Aus `{ $flag }` wurde { $aspect }, das nächste Format, das ich zeichne.
habit-most = Aus `{ $flag }` wurde { $most }: mehr auf einmal geht nicht.
habit-option-counts = Du hast das auch als Option des Befehls gewählt, darum zählte `{ $flag }` nicht.
habit-unusable = Mit `{ $flag }` konnte ich nichts anfangen, darum habe ich es weggelassen.
habit-edit-shape = Eine Bearbeitung behält das Format ihres Bildes, darum habe ich `{ $flag }` weggelassen.
