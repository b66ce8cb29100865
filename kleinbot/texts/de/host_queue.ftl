## /host warteschlange: die ganze Schlange aus Sicht des Betreibers, und die Wörter für Spuren

lane-token = für die Antwort versprochen
lane-relaxed = nichts versprochen

host-queue-title = Die ganze Schlange: { $jobs ->
        [one] { $jobs } Auftrag
       *[other] { $jobs } Aufträge
    }
host-queue-sums = { $waiting ->
        [one] { $waiting } Bild wartet
       *[other] { $waiting } Bilder warten
    }, { $running } in Arbeit, zusammen { host-queue-cost } · { $door }
host-queue-empty = Nichts wartet und nichts ist in Arbeit · { $door }
host-queue-row = **#{ $number }** · { $server } · { $member } · { $kind }
host-queue-running = wird gezeichnet · { $lane } · { host-queue-cost }
host-queue-storing = fertig, wird gespeichert · { $lane }
host-queue-waiting = { queue-place }, beginnt { $starts } · { $lane } · { host-queue-cost }
host-queue-held = { queue-place } · { $lane } · { host-queue-cost }
host-queue-cost = { $cost ->
        [1] so viel Arbeit wie 1 Bild
       *[other] so viel Arbeit wie { $cost } Bilder
    }
host-queue-page = Seite { $page } von { $pages }
host-queue-choice = #{ $number } · { $server } · { $kind } · { $lane }

kind-imagine = Bild
kind-imagine-best = Bild, beste Qualität
kind-edit = Bearbeitung
kind-variations = Variationen

button-host-cancel = #{ $number } abbrechen
button-pause = Anhalten
button-free = Karte freigeben
button-resume = Fortsetzen
button-drain = Leerzeichnen
button-refresh = Neu laden
button-page-before = Früher
button-page-after = Später
