## Results that are found again, marked, explained and deleted

error-result-unknown = Ich kenne hier kein Ergebnis { $job } von dir. /verlauf zeigt, was du hast.
error-result-unseen = Ein solches Ergebnis kenne ich hier nicht, oder du kannst es nicht sehen. /verlauf zeigt, was dir gehört.
error-result-not-yours = #{ $number } gehört jemand anderem. Löschen können das nur diese Person und die Moderation.
error-result-deleted = #{ $number } ist gelöscht.
error-search-too-long = So viel suche ich nicht auf einmal: Gib höchstens { $words } Wörter und { $characters } Zeichen ein.
error-search-ended = Die Suche hat zu lange gedauert, deshalb habe ich sie beendet. Versuch es gleich noch einmal oder blättere mit /verlauf.

result-further = #{ $number }, Fortsetzung

history-title = Deine Bilder
history-title-favourites = Deine Favoriten
history-searched = „{ $text }“
history-empty = Du hast hier noch keine Bilder. Fang mit /imagine an.
history-no-favourites = Du hast noch kein Bild markiert. Das geht mit dem Knopf ♥ unter einem Ergebnis.
history-nothing-found = Kein Prompt von dir enthält diese Wörter. Versuch es mit weniger.
history-nothing-fits = Nichts von dir passt zu alledem. Lass ein Wort oder einen Filter weg.
history-from-pictures = Aus Bildern gemacht
history-unseen = Es ist in einem Kanal, den du von hier aus nicht sehen kannst.
history-entry = **#{ $number }** · <t:{ NUMBER($at_s, useGrouping: 0) }:R> · { $count ->
        [one] { $count } Bild
       *[other] { $count } Bilder
    }
button-show = #{ $number } zeigen
button-newer = Neuere
button-older = Ältere

button-favourite = ♥
button-recipe = Rezept
button-delete = Löschen

favourites-choose = Welche Bilder von #{ $number } sind deine Favoriten? Ein Druck markiert, ein zweiter nimmt die Markierung weg.
favourite-added = #{ $number } gehört zu deinen Favoriten. /verlauf mit „favoriten“ zeigt sie.
favourite-removed = #{ $number } gehört nicht zu deinen Favoriten.
button-mark = { $count ->
        [1] Wieder markieren
       *[other] ♡ { $position }
    }
button-marked = { $count ->
        [1] Markierung wegnehmen
       *[other] ♥ { $position }
    }

recipe-card = #{ $number } · { $size } · Checkpoint { $checkpoint } · { $steps } Schritte · { $seconds } s · gemacht <t:{ NUMBER($at_s, useGrouping: 0) }:f>
recipe-noise = Rauschen: { $noise } (Seed, dann Gewicht:Seed von dem, was dazugemischt wurde)
recipe-parent = Entstanden aus #{ $number } von { $author }
recipe-parent-unseen = Dieses Bild kannst du nicht sehen, deshalb fehlt es im Befehl: Hänge ein eigenes an.
recipe-attach = Es entstand aus angehängten Dateien; die musst du wieder anhängen.

delete-question = #{ $number } endgültig löschen? { $count ->
        [one] Das Bild und jede Nachricht von mir, die es zeigt, verschwinden.
       *[other] Alle { $count } Bilder und jede Nachricht von mir, die sie zeigt, verschwinden.
    } Was sie gekostet haben, kommt nicht zurück.
button-delete-yes = Endgültig löschen
button-keep = Behalten
delete-done = #{ $number } ist gelöscht.
error-search-too-long = So viel suche ich nicht auf einmal: Gib höchstens { $words } Wörter und { $characters } Zeichen ein.
error-search-ended = Die Suche hat zu lange gedauert, deshalb habe ich sie beendet. Versuch es gleich noch einmal oder blättere mit /verlauf.
delete-kept = #{ $number } bleibt.
