backup-looks = Ich sehe nach, was schon da ist: { $done } Dateien …
backup-copies-database = Die Datenbank wird kopiert: { $percent } % …
backup-copies-pictures = Bilder werden kopiert: { $done } von { $total } ({ $percent } %) …
backup-made = Die Sicherung in { $folder } ist vollständig: { $jobs ->
        [one] ein Auftrag
       *[other] { $jobs } Aufträge
    }, { $pictures ->
        [one] ein Bild
       *[other] { $pictures } Bilder
    } ({ $copied } neu), { $size } MiB.
backup-left-out = { $pictures ->
        [one] Ein Bild, das die Datenbank kennt, ist nicht darin, weil es im Archiv fehlte oder beschädigt war:
       *[other] { $pictures } Bilder, die die Datenbank kennt, sind nicht darin, weil sie im Archiv fehlten oder beschädigt waren:
    }
backup-file = { $file }
backup-without-aside = Was `archive adopt` nach { $folder } beiseitegelegt hat, ist nicht darin: Es gehört zu einer anderen Datenbank.
restore-checks-pictures = Bilder werden geprüft: { $done } von { $total } ({ $percent } %) …
restore-copies-pictures = Bilder werden kopiert: { $done } von { $total } ({ $percent } %) …
restore-checked = Die Sicherung in { $folder } ist vollständig: { $jobs ->
        [one] ein Auftrag
       *[other] { $jobs } Aufträge
    } und { $pictures ->
        [one] ein Bild
       *[other] { $pictures } Bilder
    }.
restore-there = { $folder } ist nicht leer: { $names }.
restore-there-jobs = { $jobs ->
        [one] Die Datenbank dort kennt einen Auftrag.
       *[other] Die Datenbank dort kennt { $jobs } Aufträge.
    }
restore-asks = Die Sicherung vom { $made } ({ $jobs ->
        [one] ein Auftrag
       *[other] { $jobs } Aufträge
    }, { $pictures ->
        [one] ein Bild
       *[other] { $pictures } Bilder
    }) tritt an die Stelle von Datenbank und Archiv. Was dort liegt, kommt nach { $aside }; gelöscht wird nichts.
restore-done = Wiederhergestellt in { $folder }: { $jobs ->
        [one] ein Auftrag
       *[other] { $jobs } Aufträge
    } und { $pictures ->
        [one] ein Bild
       *[other] { $pictures } Bilder
    }. Starte den Bot.
restore-aside = Was vorher da war, liegt in { $folder }. Lösche es selbst, wenn du es nicht mehr brauchst.
restore-finished = Die unterbrochene Wiederherstellung von { $backup } ist zu Ende gebracht; sie liegt in { $folder }. Starte den Bot.
yes-or-no = j/N
yes-or-no-asked = Bitte antworte { $choice }.
