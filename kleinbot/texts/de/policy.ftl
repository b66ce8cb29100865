## Was der Bot über die Daten von Menschen sagt: /datenschutz hinweise, und `bot.py policy`

privacy-policy-name = hinweise
privacy-policy-description = Was ich über dich habe, wie lange, und wen du fragen kannst
policy-short = **Was ich über dich habe**
    • was du von mir möchtest: Prompts, Einstellungen von Bildern, Seeds, die Bilder, die du anhängst, und die ich mache, in welchem Kanal und welcher Nachricht sie sind; deine Favoriten und was du gewählt hast
    • was du verbraucht hast: es zählt { $hours } Stunden, oder so lange, wie die Regeln eines Servers sagen; was Admins über dich entschieden haben
    • Bilder bleiben{ $days ->
        [0] , bis du oder die Moderation sie löscht
       *[other] {" "}{ $days } Tage, Favoriten länger; dann verschwinden sie von selbst
    }
    { $judged ->
        [yes] Ein Programm auf demselben Rechner sieht sich jedes Bild an, das ich male, bevor es jemand sieht. Was es zurückhält, wird nirgends aufbewahrt; die Moderation liest, von wem es war und wann.
       *[no] Kein Programm beurteilt die Bilder, die ich male.
    }
    Es bleibt auf dem Rechner des Betreibers. Ich male dort und gebe niemandem etwas weiter; nichts davon trainiert ein Modell. Die Nachrichten selbst liegen bei Discord.
    `/datenschutz export` gibt dir alles, `/datenschutz löschen` löscht es auf jedem Server, `/einstellungen` sagt, ob andere deine Bilder bearbeiten dürfen.
    { $contact ->
        [none] Der Betreiber dieses Bots hat keine Adresse angegeben; frag die Admins dieses Servers.
       *[other] Fragen: { $contact }
    }
doctor-contact-missing = Der Bot ist auf einem Server, der nicht deiner ist, und die Leute dort wissen nicht, wen sie nach ihren Daten fragen können: setze KLEINBOT_CONTACT. `{ PROGRAM() } policy` schreibt Datenschutzhinweise und Bedingungen, deren Adressen Discords Entwicklerportal aufnimmt.
policy-document =
    # Datenschutz
    
    Dieser Bot macht Bilder auf Discord, auf einem Rechner seines Betreibers. Kontakt: { $contact }
    
    ## Was gespeichert wird
    
    - Worum jemand bittet: Prompts, Anweisungen, Optionen und Seeds; angehängte Bilder; die gemachten Bilder; die Kennungen von Konto, Server, Kanal und Nachrichten.
    - Favoriten und was jemand gewählt hat, auch ob andere die eigenen Bilder bearbeiten dürfen.
    - Was jemand verbraucht hat. Es zählt { $hours } Stunden, oder so lange, wie die Regeln eines Servers sagen.
    - Was Moderation und Admins entscheiden: Sperren, Meldungen, Grenzen, und wer es entschieden hat.
    - Discords Schlüssel, mit dem eine Antwort geändert werden kann, höchstens 15 Minuten lang.
    
    Nachrichten anderer werden nicht gelesen. Ein Bild wird nur geholt, wenn jemand etwas daraus machen lässt.
    
    ## Wofür, und wer es bekommt
    
    Um die Bilder zu machen und wieder zu zeigen, den Rechner gerecht zu teilen und Missbrauch zu beenden. Es bleibt auf dem Rechner des Betreibers: nichts wird verkauft, weitergegeben oder zum Trainieren eines Modells benutzt. Die Nachrichten selbst liegen bei Discord, nach dessen eigenen Regeln.{ $judged ->
        [no] {""}
       *[yes] {" "}Ein Klassifikator auf demselben Rechner kann sich jedes gezeichnete Bild ansehen, bevor es gezeigt wird; er entscheidet das allein und kann sich irren. Was er zurückhält, sieht niemand, es wird nirgends aufbewahrt und kostet nichts; die Moderation liest, von wem es war und wann.
    }
    
    ## Wie lange
    
    - Ergebnisse und ihre Bilder: bis ihr Mitglied oder die Moderation sie löscht, oder so viele Tage, wie der Server gewählt hat; Favoriten länger, solange auf dem Server ist, wer sie markiert hat.
    - Was Mitglieder eines Servers bestellt haben, der den Bot entfernt hat: 30 Tage, und dann, bis Discord bestätigt, dass der Bot dort nicht mehr ist.
    - Was verbraucht wurde: bis es nicht mehr zählt, wenn alles andere gelöscht ist.
    - Was entschieden wurde: 180 Tage nach einer Löschung; Sperren, solange sie gelten und bis zu 30 Tage, nach einer Löschung unter einem Code mit Schlüssel statt der Kennung.
    - Sicherungen: bis der Betreiber neue anlegt.
    
    ## Deine Rechte
    
    `/datenschutz export` gibt dir alles als Dateien, `/datenschutz löschen` löscht alles auf jedem Server und sagt, was bis wann bleibt. Was andere aus einem Bild von dir gemacht haben, lässt sich entfernen: *Apps → Was daraus wurde, entfernen*. Für alles andere: { $contact }
    
    # Bedingungen
    
    - Bitte um nichts, was verboten ist, Minderjährige sexualisiert oder echte Menschen auszieht oder sexualisiert. Solche Bitten werden abgelehnt, und wer sie wiederholt, kann gesperrt werden.
    - Verwende nur Bilder, die du verwenden darfst. Wer ein Bild gepostet hat, darf entfernen lassen, was daraus wurde.
    - Die Bilder gehören dir, soweit Recht und Lizenz des Modells es sagen. Sie tragen ein Kennzeichen, dass eine Maschine sie gemacht hat; gib sie nicht als Fotos aus.
    - Den Bot gibt es, wie er ist, ohne Versprechen, dass er da ist oder dass ein Bild gelingt.
    - Wer den Server betreibt, und wer den Bot betreibt, kann jeden ausschließen.
