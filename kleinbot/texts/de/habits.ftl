## Was Mitglieder von anderswo mitbringen, etwa Midjourneys Parameter in einem Prompt.

habit-meaningless = { $count ->
        [one] `{ $flags }` bedeutet hier nichts, darum habe ich es weggelassen.
       *[other] `{ $flags }` bedeuten hier nichts, darum habe ich sie weggelassen.
    }{ $negative ->
        [yes] {" "}Sag statt `--no`, was du sehen willst.
       *[no] {""}
    }
habit-nearest = Aus `{ $flag }` wurde { $aspect }, das nächste Format, das ich zeichne.
habit-most = Aus `{ $flag }` wurde { $most }: mehr auf einmal geht nicht.
habit-option-counts = Du hast das auch als Option des Befehls gewählt, darum zählte `{ $flag }` nicht.
habit-unusable = Mit `{ $flag }` konnte ich nichts anfangen, darum habe ich es weggelassen.
habit-edit-shape = Eine Bearbeitung behält das Format ihres Bildes, darum habe ich `{ $flag }` weggelassen.

## /hilfe: eine Nachricht, die auf einen Bildschirm passt.

help-name = hilfe
help-description = Was ich kann, was wofür steht, wenn du Midjourney kennst, und was ich schlecht kann
help-commands = **Was ich tue**
    `/imagine` zeichnet nach Worten · `/bearbeiten` ändert ein Bild, wie du es sagst · `/variationen` macht mehr von einem
    `/warteschlange` `/abbrechen` was wartet · `/verlauf` `/zeigen` was du gemacht hast · `/kontingent` was übrig ist · `/einstellungen` deine Vorgaben
    `/teilen` `/galerie` was Mitglieder einander zeigen · `/info` wie ein Bild entstand
    Unter einem Bild: V variiert, B bearbeitet, ♥ merkt vor, *Mehr …* hat den Rest. Jedes Bild im Kanal: sein Menü, *Apps*.
help-midjourney = **Von Midjourney her**
    `--ar` `--seed` `--repeat` `--stealth` → ebenso im Prompt, oder als Optionen
    U1 bis U4 → nicht nötig, jedes Bild ist ganz · V1 bis V4, 🔄 → V1 bis V4, Neu
    Remix, Vary Region, `/blend` → `/bearbeiten` · `/show` → `/zeigen` · `/info` → `/kontingent`
    ✉️ für den Seed → er steht unter dem Bild · ❌ → `/abbrechen` oder *Mehr …* → Löschen
    `--no` `--v` `--s` → nichts; sag, was du sehen willst
help-weak = **Was ich schlecht kann**
    { $model ->
        [small] Alles außer farbigen Formen: mein Betreiber hat das kleine Modell, das mir beiliegt. `a red circle left of a blue square` geht.
       *[full] Schrift, genaue Anzahlen, Hände. Lass vier zeichnen und nimm das beste, oder bessere eins mit `/bearbeiten` nach.
    }
help-rights = **Wem die Bilder gehören**
    Dir, soweit Gesetz und Lizenz des Modells das zulassen. Jede Datei sagt, dass eine Maschine sie gezeichnet hat. Andere hier dürfen { $editing ->
        [yes] variieren und bearbeiten, was du postest, außer du sagst in `/einstellungen` nein
       *[no] nicht bearbeiten, was du postest, außer du sagst in `/einstellungen` ja
    }.
help-host = **Was mein Betreiber lesen kann**
    Jeden Prompt und jedes Bild, auch private: privat verbirgt sie nur vor Mitgliedern. `/datenschutz hinweise` sagt, was aufbewahrt wird und wie du es löschen lässt.

## Stile eines Servers: Wörter vor und nach einem Prompt, unter einem Namen.

imagine-style-name = stil
imagine-style-description = Einer der Stile dieses Servers
admin-style-name = stil
admin-style-description = Stile, die Mitglieder in /imagine wählen
admin-style-add-name = hinzufügen
admin-style-add-description = Einen Stil anlegen oder ändern; Bilder, die es schon gibt, behalten ihren
admin-style-remove-name = entfernen
admin-style-remove-description = Einen Stil entfernen; Bilder, die es schon gibt, behalten ihn
admin-style-list-name = liste
admin-style-list-description = Die Stile dieses Servers
admin-style-called-name = name
admin-style-called-description = Was Mitglieder wählen
admin-style-before-name = davor
admin-style-before-description = Wörter vor dem Prompt, etwa: Aquarell mit dem Motiv
admin-style-after-name = danach
admin-style-after-description = Wörter nach dem Prompt, etwa: zarte Farben, weißes Papier
admin-style-added = Mitglieder können jetzt in `/imagine` **{ $style }** wählen.
admin-style-replaced = **{ $style }** ist geändert. Bilder, die damit entstanden sind, behalten ihn, wie er war.
admin-style-removed = **{ $style }** ist entfernt. Bilder, die damit entstanden sind, behalten ihn.
admin-styles-none = Dieser Server hat keine Stile. `/admin stil hinzufügen` legt einen an: Wörter vor und nach dem, was Mitglieder schreiben.
admin-styles-listed = { $count ->
        [one] Ein Stil
       *[other] { $count } Stile
    } von höchstens { $most }:
audit-style-set = { $actor } hat den Stil „{ $style }“ festgelegt
audit-style-remove = { $actor } hat den Stil „{ $style }“ entfernt
recipe-style = Stil „{ $style }“, wie er damals war; seine Wörter stehen oben im Prompt.
error-style-unknown = Dieser Server hat keinen Stil „{ $style }“. Wähle einen aus der Liste, die die Option anbietet. Es wurde nichts berechnet.
error-style-unusable = Ein Stil braucht einen Namen mit höchstens { $most } Zeichen und Wörter vor oder nach dem Prompt. Es wurde nichts geändert.
error-too-many-styles = Dieser Server hat { $most } Stile, mehr gehen nicht. Entferne erst einen. Es wurde nichts geändert.

## /einstellungen: was gilt, wo ein Befehl eine Option weglässt.

settings-defaults = **Wenn du eine Option weglässt**
    Format und Anzahl gelten für `/imagine`; wer es sieht, für alles, was du machst.
settings-aspect = Format { $aspect }
settings-count = { $count ->
        [one] Ein Bild
       *[other] { $count } Bilder
    }
settings-private-no = Alle im Kanal sehen es
settings-private-yes = Nur ich sehe es

quality-standard = Standard
quality-best = Beste, je Bild { $pictures } vom Kontingent
edit-count-description = Wie viele Bilder, 1 bis 4; jedes kostet { $pictures } vom Kontingent, mit Referenzen mehr
form-imagine-title = Was soll ich zeichnen?
