## The first response and its edits

waiting-place = { $place ->
        [0] Geht weiter
        [1] Als Nächstes dran
       *[other] Platz { $place } in der Schlange
    } · beginnt { $starts }
waiting-held = { $place ->
        [1] Als Nächstes dran
       *[other] Platz { $place } in der Schlange
    }
waiting-relaxed = { $why ->
        [share] Von dir ist so viel in der Schlange, dass ich das für diese Antwort nicht versprechen kann.
        [late] Die Schlange ist zu lang, als dass das noch in diese Antwort käme.
       *[unknown] Das kann länger dauern, als sich diese Antwort ändern lässt.
    }
waiting-late = Das dauert länger, als ich gesagt habe: In diese Antwort kommt es nun doch nicht mehr.
arrives-anew = Lässt sich diese Nachricht nicht mehr ändern, kommt das Ergebnis als neue.
arrives-alone = Lässt sich diese Nachricht nicht mehr ändern, bekommst du das Ergebnis mit deinem nächsten Befehl hier.
waiting-starts-at = <t:{ NUMBER($at_s, useGrouping: 0) }:R>
waiting-starts-latest = spätestens <t:{ NUMBER($at_s, useGrouping: 0) }:R>
waiting-starts-later = sobald andere ebenso viel hatten
waiting-starts-soon = gleich
running = Wird gezeichnet { $bar } { $percent } %
running-of = Bild { $current } von { $count } wird gezeichnet { $bar } { $percent } %
preview = { $count ->
        [1] Vorschau, Schritt { $step } von { $steps }
       *[other] Vorschau von Bild { $position }, Schritt { $step } von { $steps }
    }
finishing = Gleich fertig …
engine-starting = Das Bildmodell startet; dein Platz bleibt dir.
engine-downloading = Das Bildmodell wird heruntergeladen ({ $percent } %); dein Platz bleibt dir.
engine-loading = Das Bildmodell wird geladen ({ $percent } %); dein Platz bleibt dir.
engine-warming = Das Bildmodell läuft sich warm ({ $percent } %); dein Platz bleibt dir.
engine-disk-full = Die Festplatte des Bot-Betreibers ist voll. Dein Platz bleibt dir; es geht weiter, sobald Platz ist.
engine-unloading = Das Bildmodell verlässt gerade die Grafikkarte; dein Platz bleibt dir.
engine-unloaded = Das Bildmodell wurde eine Weile nicht gebraucht und wird wieder geladen; dein Platz bleibt dir.
engine-freed = Mein Betreiber braucht die Grafikkarte gerade selbst. Dein Platz bleibt dir; es geht weiter, sobald sie wieder frei ist.
engine-quiet-hours = Mein Betreiber braucht die Grafikkarte bis <t:{ NUMBER($until_s, useGrouping: 0) }:t> selbst (<t:{ NUMBER($until_s, useGrouping: 0) }:R>). Dein Platz bleibt dir.
engine-card-taken = Mein Betreiber braucht die Grafikkarte gerade selbst. Dein Platz bleibt dir; ich sehe jede Minute wieder nach.
engine-failed = Das Bildmodell ließ sich nicht starten. Dein Platz bleibt dir, bis mein Betreiber es behoben hat.
engine-draining = Der Bot startet gleich neu. Dein Platz bleibt dir.

told-end = { $unit ->
        [few] Insgesamt ein paar Sekunden.
        [s] Insgesamt etwa { $amount } s.
        [min] Insgesamt etwa { $amount } min.
       *[h] Insgesamt etwa { $amount } h.
    }
price = Kostet { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    }, sobald { $count ->
        [one] es fertig ist
       *[other] sie fertig sind
    }; danach bleiben dir { $left }.
price-of-inputs = Ein Bild aus Vorlagen kostet mehr, weil das Modell auch diese bei jedem Schritt liest.

## Results

recipe = { $size } · Seed { $seed } · { $seconds } s
cancelled = Abgebrochen.
given-back = { $refunded ->
        [0] Es war nichts mehr zurückzugeben.
        [one] { $refunded } Bild wurde zurückgegeben.
       *[other] { $refunded } Bilder wurden zurückgegeben.
    }
used-part = { $used ->
        [one] Der schon gezeichnete Teil zählt als { $used } Bild
       *[other] Der schon gezeichnete Teil zählt als { $used } Bilder
    }
used-anyway = { used-part }.
expired = Das ließ sich nicht rechtzeitig zustellen und wurde zurückgegeben.
failed-partly = Der Rest ist gescheitert: { $reason }
late-greeting = { $requester }, deine Bilder sind fertig.
moved = Das hat länger gedauert, als sich eine Antwort ändern lässt. Das Ergebnis ist hier: { $link }
lost-file = Bild { $position } liegt nicht mehr im Archiv.
unreadable-file = Bild { $position } ließ sich gerade nicht aus dem Archiv lesen. Verloren ist damit nichts: Versuche später /zeigen #{ $number }.
kept-note = Das ließ sich vorher nicht zustellen:
kept-coming = Gleich kommt #{ $number }, das sich vorher nicht zustellen ließ …
small-note = Das kleine Modell, das kleinbot beiliegt, zeichnet nur farbige Formen, auf Englisch beschrieben, und kennt nicht: { $words }. Wie du das echte Modell bekommst, steht in der README.
alt-text = { $count ->
        [1] Von einem KI-Modell gezeichnet zum Prompt: { $prompt }
       *[other] Bild { $position } von { $count }, von einem KI-Modell gezeichnet zum Prompt: { $prompt }
    }

## /queue and /cancel

queue-empty = Du hast nichts in der Schlange. { $others ->
        [0] Sonst auch niemand: /imagine legt sofort los.
        [one] Ein anderer Auftrag wartet oder läuft.
       *[other] { $others } andere Aufträge warten oder laufen.
    }
queue-empty-held = Von dir wartet nichts. Gerade wird nicht gezeichnet ({ $why }); was du bestellst, wartet so lange in der Schlange.
queue-empty-closed = Von dir wartet nichts, und gerade wird nichts Neues angenommen.
queue-title = Deine Aufträge ({ $others ->
        [0] sonst ist niemand in der Schlange
        [one] dazu ein Auftrag von anderen
       *[other] dazu { $others } Aufträge von anderen
    })
queue-waiting = #{ $number } · { $prompt } · { queue-place }, beginnt { $starts }
queue-held = #{ $number } · { $prompt } · { queue-place }
queue-place = { $place ->
        [0] geht weiter
        [1] als Nächstes dran
       *[other] Platz { $place } in der Schlange
    }
queue-late = das Ergebnis kommt als neue Nachricht
queue-running = #{ $number } · { $prompt } · wird gezeichnet
queue-more = … und { $rest } weitere.
cancel-done = #{ $number } ist abgebrochen. { $refunded ->
        [0] Es war nichts mehr zurückzugeben.
        [one] { $refunded } Bild wurde zurückgegeben.
       *[other] { $refunded } Bilder wurden zurückgegeben.
    }
cancel-counts = { used-part }, weil du in der Stunde davor schon einen Auftrag abgebrochen hast, der gerade gezeichnet wurde.
cancel-next-counts = Daran wurde schon gezeichnet. Das ist einmal in einer Stunde umsonst: Brichst du vor <t:{ NUMBER($until_s, useGrouping: 0) }:t> noch einen Auftrag ab, der gerade gezeichnet wird, zählt der schon gezeichnete Teil.
button-cancel = Abbrechen
button-cancel-number = #{ $number } abbrechen

## Presence

presence-starting = startet das Bildmodell
presence-downloading = lädt das Modell herunter: { $percent } %
presence-loading = lädt das Modell: { $percent } %
presence-warming = läuft sich warm: { $percent } %
presence-ready = /imagine
presence-draining = startet neu
presence-disk-full = wartet auf Platz auf der Festplatte
presence-unloading = verlässt gerade die Grafikkarte
presence-unloaded = ruht bis zum nächsten Befehl
presence-freed = mein Betreiber braucht die Grafikkarte gerade selbst
presence-quiet-hours = mein Betreiber braucht die Grafikkarte bis { $until }
presence-card-taken = mein Betreiber braucht die Grafikkarte gerade selbst
presence-failed = das Modell ließ sich nicht starten
