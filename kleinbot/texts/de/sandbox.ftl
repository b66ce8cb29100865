## Was die Sandbox in ihrem Terminal außer dem Bot selbst sagt. (Was ihr eigenes Programm sagt, steht in kleinbot/sandbox.)

sandbox-try = Zum Beispiel:  /imagine { $prompt }
sandbox-small = Hier zeichnet das kleine Modell, das kleinbot beiliegt: ein bis drei circles, squares, triangles, stars, rings, crosses oder diamonds, plain, striped oder spotted, in elf Farben auf einem Grund deiner Wahl. Es versteht nur Englisch und kennt sonst nichts, keine Tiere und keine Menschen; was es von einem Prompt nicht kennt, steht unter dem Bild. Wie du das echte Modell bekommst, steht in der README.
sandbox-waiting-before = In der Schlange seit dem letzten Mal: { $jobs ->
        [one] 1 Auftrag, der weitergeht
       *[other] { $jobs } Aufträge, die weitergehen
    }.
sandbox-waiting-after = In der Schlange: { $jobs ->
        [one] 1 Auftrag, der beim nächsten Start weitergeht
       *[other] { $jobs } Aufträge, die beim nächsten Start weitergehen
    }.
sandbox-stopping = Ich höre auf; das Bild in Arbeit wird vielleicht noch fertig …
sandbox-unfinished = Nach { $seconds } s nicht fertig. Was angenommen ist, behält seinen Platz für die nächste Sandbox.
sandbox-without-token = DISCORD_TOKEN ist nicht gesetzt, deshalb ist das die Sandbox: kleinbot ohne Discord, zum Ausprobieren.
sandbox-new-process = Nur ein neuer Prozess kann die Grafikkarte benutzen: Öffne die Sandbox noch einmal.
sandbox-remembers = { $messages ->
        [one] Eine Nachricht vom letzten Mal ist noch da: show { $latest } zeigt sie, und ihre Schaltflächen gehen.
       *[other] { $messages } Nachrichten vom letzten Mal sind noch da: show { $latest } zeigt die letzte, und ihre Schaltflächen gehen.
    }
sandbox-be-somebody-else = In der Sandbox kannst du sein, wer das darf:  als { $name } , dann noch einmal.
