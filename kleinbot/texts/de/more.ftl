## „Mehr …“ unter einem Ergebnis: was sich mit einem Bild sonst noch machen lässt

button-more = Mehr …
more-title = { $count ->
        [one] Das kannst du mit #{ $number } machen:
       *[other] Das kannst du mit Bild { $position } von #{ $number } machen:
    }
more-buttons = { $count ->
        [one] Unter dem Bild: Bearbeiten ändert es, wie du sagst. Leicht und Stark machen andere wie dieses, näher dran oder weiter weg. Neu zeichnet dieselben Worte noch einmal.
       *[other] Unter den Bildern, gezählt, wie man liest: V1 macht andere wie Bild 1, B1 ändert Bild 1, wie du sagst. Neu zeichnet dieselben Worte noch einmal.
    }
more-priced = { $label } · { $pictures }
more-command = Als Befehl kopieren
more-original = Originaldatei
command-in-file = Der Befehl ist zu lang für eine Nachricht. Er steht in der Datei.
command-varied = Jede Variation hat eigenes Rauschen: Damit entstehen andere dieser Art.
original-file = { $count ->
        [one] #{ $number }, wie ich es aufbewahre:
       *[other] Bild { $position } von #{ $number }, wie ich es aufbewahre:
    }

error-picture-not-known = Dieses Bild kenne ich nicht: Ich habe es nicht gezeichnet, oder du kannst das nicht sehen, und in seiner Datei steht nicht, wie es entstanden ist. Aus vielen Bildern entfernt Discord solche Angaben: In der Originaldatei sind sie vielleicht noch.
error-action-not-offered = Das geht mit #{ $number } nicht oder nicht mehr. Drück unter dem Bild noch einmal auf „Mehr …“, dann siehst du, was jetzt geht.
error-original-gone = Die Datei dieses Bilds von #{ $number } habe ich nicht mehr.
error-original-unreadable = Die Datei dieses Bilds von #{ $number } konnte ich gerade nicht lesen. Verloren ist nichts: Versuch es später noch einmal.
error-original-too-large = Die Originaldatei von #{ $number } hat { $megabytes } MB, und Discord nimmt hier { $most } MB von mir an. Die Nachricht zeigt eine kleinere Kopie davon.
