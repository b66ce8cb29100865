## Wie ein Bild entstanden ist: nach unserer Nachricht, nach seinen Pixeln oder nach dem, was seine Datei sagt

info-written-kleinbot = kleinbot hat es gezeichnet, sagt seine Datei; ich selbst habe es nicht. Darin steht:
info-written-webui = Ein anderes Programm hat es gezeichnet, und seine Datei sagt, wie. Prüfen kann ich das nicht:
info-written-comfyui = Es ist mit ComfyUI gezeichnet, sagt seine Datei. Prüfen kann ich das nicht:
info-written-invokeai = Es ist mit InvokeAI gezeichnet, sagt seine Datei. Prüfen kann ich das nicht:
info-written-swarmui = Es ist mit SwarmUI gezeichnet, sagt seine Datei. Prüfen kann ich das nicht:
info-negative = Ohne: { $text }
info-seed = Seed { $seed }
info-steps = { $steps ->
        [one] { $steps } Schritt
       *[other] { $steps } Schritte
    }
button-use-prompt = Diesen Prompt nutzen
form-use-title = Nach diesem Prompt zeichnen
form-prompt = Was soll zu sehen sein?
form-aspect = Format
form-seed = Seed (leer: irgendeiner)
form-seen-by = Wer sieht es?
form-seen-by-everybody = Alle in diesem Kanal
form-seen-by-alone = Nur du

error-message-not-ours = Das ist keine Nachricht von mir, die ein Bild zeigt, und andere Nachrichten kann ich über ihren Link nicht lesen. Öffne das Menü der Nachricht und wähle Apps → Bildinfo.

more-lineage = Stammbaum
lineage-title = Woraus #{ $number } entstanden ist und was daraus wurde. Drück auf eine Nummer, um von dort weiterzugehen.
lineage-cut = … (davor: mehr, oder was du nicht sehen kannst)
lineage-more = … und vielleicht mehr
lineage-no-children = Daraus ist noch nichts entstanden, das du sehen kannst.
