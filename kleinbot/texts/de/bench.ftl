bench-downloading = { $weights } wird heruntergeladen: { $percent } %
bench-loading = das Modell wird geladen: { $percent } %
bench-warming = das Modell wird aufgewärmt: { $percent } %
bench-loading-theirs = die Pipeline der Modellseite wird geladen
bench-turn = { $case }: Lauf { $run } von { $total }
bench-interrupted = Abgebrochen. Es wurde nichts geschrieben.
bench-does-not-fit = passt nicht in den Speicher der Grafikkarte.
bench-profile = { $model }, Profil { $profile }, { $precision }, { $steps } Schritte
bench-cpu = { $cpu }, { $threads } { $threads ->
        [one] Thread
       *[other] Threads
    }
bench-card = { $card }, { $memory } GiB (davon { $held } von anderen belegt), Treiber { $driver }, Leistungsgrenze { $watts } W, Takt { $clock } von { $most } MHz
bench-case = Fall
bench-compiled = kompiliert
bench-fused = eigene Kernels
bench-lean = sparsames Dekodieren
bench-cold = kalt
bench-warm = Median warm
bench-range = min–max
bench-stages = Kodieren + Entrauschen + Dekodieren
bench-per-picture = ein Bild
bench-allocated = bel. GiB
bench-reserved = res. GiB
bench-model-card = Modellseite
bench-model-card-reserved = deren res. GiB
bench-ours = kleinbot
bench-ratio = Verhältnis
bench-legend = Sekunden von der Anfrage bis zu 8-Bit-Pixeln im Speicher, ohne PNG. „kalt“ ist der erste Lauf des Falls und wärmt ihn auf; der Rest gilt { $runs ->
        [one] dem einen Lauf danach
       *[other] den { $runs } Läufen danach
    }, jeder mit eigenem Prompt und eigenen Seeds. Laden und Aufwärmen dauerten { $load } s, ein Herunterladen nicht gerechnet.
bench-first-start = In dieser Zeit wurden Dateien geprüft oder in 8 Bit hergestellt, was im Datenordner gemerkt wird: spätere Starts sind schneller.
bench-memory = Höchststand im Speicher der Grafikkarte, nur von diesem Prozess: „bel.“ war in Gebrauch, „res.“ hatte PyTorch dafür genommen.
bench-transfer = Für jedes Bild gehen { $gib } GiB Gewichte auf die Grafikkarte: für sich allein { $seconds } s bei hier gemessenen { $rate } GB/s, meist hinter anderer Arbeit verborgen.
bench-from-disk = Für jedes Bild werden { $gib } GiB Gewichte von der Platte gelesen und auf die Grafikkarte gebracht.
bench-their-way-resident = Sekunden, Mediane warmer Läufe. „Modellseite“ ist Flux2KleinPipeline aus diffusers wie auf der Seite des Modells, ganz auf dem Gerät. Ein Verhältnis über 1 heißt, dass kleinbot schneller ist.
bench-their-way-offloaded = Sekunden, Mediane warmer Läufe. „Modellseite“ ist Flux2KleinPipeline aus diffusers mit enable_model_cpu_offload, da nicht alles auf die Grafikkarte passt. Ein Verhältnis über 1 heißt, dass kleinbot schneller ist.
bench-in-turns = Zuerst wurde kleinbot allein gemessen: davon sind die obere Tabelle und die Zeile unten. Dann waren beide geladen und wechselten sich ab.
bench-one-after-the-other = Zuerst wurde kleinbot gemessen, dann freigegeben, dann die Pipeline.
bench-paste = Zum Einfügen, wo verglichen wird:
bench-written = { $file } ist geschrieben.
bench-cannot-write = { $file } lässt sich nicht schreiben ({ $reason }). Nenne mit --json eine andere Datei.
bench-needs-checkout = --against diffusers braucht die Gewichte in BF16 als diffusers-Ordner (mit model_index.json und transformer/config.json), und was kleinbot hier nähme, { $weights }, ist keiner. Lass KLEINBOT_WEIGHTS auf einen solchen Ordner zeigen oder lass die Option weg. Es wurde nichts heruntergeladen.
bench-weights-left-alone = KLEINBOT_WEIGHTS ({ $weights }) wird nicht gemessen, weil keine Grafikkarte sie hier ausführen kann; gemessen wird das kleine Modell, das dabei ist.
bench-in-use = Der Bot oder ein anderes bench läuft hier (Prozess { $pid }, Datenordner { $folder }). Beide teilten sich den Rechner, und die Werte gälten für keinen: beende ihn zuerst.
bench-card-lost = Dieser Prozess kann die Grafikkarte nicht mehr benutzen ({ $reason }). Es wurde nichts zu Ende gemessen: starte bench noch einmal, und wenn es wieder geschieht, sieh in das Protokoll des Treibers.
bench-theirs-failed = Die Pipeline der Modellseite ließ sich nicht laden: { $reason }
bench-drawing = { $number } von { $total }: { $prompt }
bench-cannot-draw = Die Bögen lassen sich in { $folder } nicht speichern ({ $reason }). Nenne mit --pictures einen anderen Ordner.
bench-shared = { $file } ist geschrieben. Darin stehen nur Hardware, Treiber, Versionen, Betriebsart, Sekunden und Speicher: keine Namen, keine Pfade.{ $card ->
        [yes] {" "}Leg sie in kleinbots Repository unter kleinbot/docs/cards ab, dann sagt die README, wie schnell diese Grafikkarte ist.
       *[no] {""}
    }
bench-cannot-share = In { $folder } lässt sich keine Datei schreiben ({ $reason }). Ruf bench --share in einem Ordner auf, der dir gehört.
