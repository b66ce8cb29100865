archive-file = { $fate ->
        [ours] ihr Auftrag endete ohne sie
        [part] ein abgebrochener Schreibvorgang
       *[other] ihr Auftrag ist nicht bekannt
    }: { $file }
archive-more = … und { $files ->
        [one] eine weitere
       *[other] { $files } weitere
    } (`--all` nennt jede Datei).
archive-counts = { $kept ->
        [one] Eine Datei gehört zur Datenbank
       *[other] { $kept } Dateien gehören zur Datenbank
    }{ $ended ->
        [0] {""}
        [one] ; bei einer endete der Auftrag ohne sie
       *[other] ; bei { $ended } endeten die Aufträge ohne sie
    }{ $parts ->
        [0] {""}
        [one] ; eine stammt von einem abgebrochenen Schreibvorgang
       *[other] ; { $parts } stammen von abgebrochenen Schreibvorgängen
    }.
archive-never-accepted = { $files ->
        [one] Ein Eingabebild gehört zu einem Auftrag, der nie angenommen wurde; es wird
       *[other] { $files } Eingabebilder gehören zu Aufträgen, die nie angenommen wurden; sie werden
    } nach einer Stunde weggeräumt.
archive-adopt-asks = { $files ->
        [0] Die Datenbank kennt jedes Bild im Archiv. Von nun an gehört das Archiv zu dieser Datenbank.
        [one] Eine Datei stammt aus einem Auftrag, den diese Datenbank nicht kennt. Sie kommt beiseite nach { $folder }, und von nun an gehört das Archiv zu dieser Datenbank.
       *[other] { $files } Dateien stammen aus Aufträgen, die diese Datenbank nicht kennt. Sie kommen beiseite nach { $folder }, und von nun an gehört das Archiv zu dieser Datenbank.
    } Gelöscht wird nichts. Wenn du nicht sicher bist, bewahre eine Kopie des Datenordners auf.
archive-adopted = Das Archiv gehört zu dieser Datenbank. { $aside ->
        [0] Nichts musste beiseite.
        [one] Eine Datei kam beiseite nach { $folder }.
       *[other] { $aside } Dateien kamen beiseite nach { $folder }.
    }{ $back ->
        [0] {""}
        [one] {" "}Eine Datei, die dort lag, kam zurück.
       *[other] {" "}{ $back } Dateien, die dort lagen, kamen zurück.
    }
archive-nothing-to-remove = Es gibt nichts zu löschen: Von keiner Datei ist erwiesen, dass sie zu dieser Datenbank gehört und übrig ist.
archive-remove-asks = { $files ->
        [one] Eine übrige Datei dieser Datenbank wird endgültig gelöscht.
       *[other] { $files } übrige Dateien dieser Datenbank werden endgültig gelöscht.
    } Dateien von Aufträgen, die sie nicht kennt, bleiben, ebenso Dateien, die jünger als eine Stunde sind.
archive-removed = { $files ->
        [one] Eine Datei wurde gelöscht
       *[other] { $files } Dateien wurden gelöscht
    } ({ $size } MiB).
archive-go-on = Fortfahren?
