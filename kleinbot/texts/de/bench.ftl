bench-loading = das Modell wird geladen: { $phase }
bench-loading-theirs = die Pipeline der Modellseite wird geladen
bench-turn = { $case }: Lauf { $done } von { $total } fertig
bench-interrupted = Abgebrochen. Es wurde nichts geschrieben.
bench-does-not-fit = passt nicht in den Speicher der Karte.
bench-profile = { $model }, Profil { $profile }, { $precision }, { $steps } Schritte
bench-cpu = { $cpu }, { $threads } { $threads ->
        [one] Thread
       *[other] Threads
    }
bench-card = { $card }, { $memory } GiB, Treiber { $driver }, Leistungsgrenze { $watts } W, Takt { $clock } von { $most } MHz
bench-case = Fall
bench-cold = erster
bench-warm = Median
bench-range = min–max
bench-stages = Kodieren + Entrauschen + Dekodieren
bench-per-picture = ein Bild
bench-allocated = belegt GiB
bench-reserved = reserviert GiB
bench-model-card = Modellseite
bench-ratio = Verhältnis
bench-legend = Sekunden von der Anfrage bis zu 8-Bit-Pixeln im Speicher, ohne PNG. „erster“ ist der erste Lauf des Falls und wärmt ihn auf; der Rest gilt { $runs ->
        [one] dem einen Lauf danach
       *[other] den { $runs } Läufen danach
    }, jeder mit eigenem Prompt und eigenen Seeds. Laden und Aufwärmen dauerten { $load } s.
bench-transfer = Für jedes Bild gehen { $gib } GiB Gewichte auf die Karte: für sich allein { $seconds } s bei hier gemessenen { $rate } GB/s, meist hinter anderer Arbeit verborgen.
bench-from-disk = Für jedes Bild werden { $gib } GiB Gewichte von der Platte gelesen und auf die Karte gebracht.
bench-their-way-resident = „Modellseite“ ist Flux2KleinPipeline aus diffusers wie auf der Seite des Modells, ganz auf dem Gerät. Ein Verhältnis über 1 heißt, dass kleinbot schneller ist.
bench-their-way-offloaded = „Modellseite“ ist Flux2KleinPipeline aus diffusers mit enable_model_cpu_offload, da nicht alles auf die Karte passt. Ein Verhältnis über 1 heißt, dass kleinbot schneller ist.
bench-in-turns = Beide waren geladen und wechselten sich ab.
bench-one-after-the-other = Zuerst wurde kleinbot gemessen, dann freigegeben, dann die Pipeline.
bench-paste = Zum Einfügen, wo verglichen wird:
bench-written = { $file } ist geschrieben.
bench-cannot-write = { $file } lässt sich nicht schreiben ({ $reason }). Nenne mit --json eine andere Datei.
bench-needs-checkout = --against diffusers braucht die Gewichte als diffusers-Ordner (mit model_index.json). { $folder } ist keiner: lass KLEINBOT_WEIGHTS auf einen zeigen oder lass die Option weg.
bench-theirs-failed = Die Pipeline der Modellseite ließ sich nicht laden: { $reason }
