## Das Schaufenster: Teilen, Stimmen

share-name = teilen
share-description = Zeige eins deiner Bilder im Schaufenster dieses Servers
share-picture-name = bild
share-picture-description = Welches deiner Bilder (ohne Angabe dein neuestes)
more-share = Teilen …
form-share-title = Im Schaufenster teilen
form-share-which = Welche Bilder
form-share-caption = Bildunterschrift
form-share-allowed = Was andere sehen und dürfen
form-share-allowed-description = Ohne den Prompt kann es dort niemand variieren oder bearbeiten.
form-share-prompt = Der Prompt wird gezeigt
form-share-edit = Andere dürfen es bearbeiten und variieren
form-share-spoiler = Hinter einem Spoiler
form-share-where = Nur auf Discord. Du kannst es jederzeit zurückziehen.
share-done = { $count ->
        [one] Ein Bild von #{ $number } geht nach { $channel }. „Zurückziehen“ darunter nimmt es wieder heraus.
       *[other] { $count } Bilder von #{ $number } gehen nach { $channel }. „Zurückziehen“ unter jedem nimmt es wieder heraus.
    }
shared-by = von { $author } · #{ $number }
shared-from = gemacht aus einem Bild von { $authors }
shared-alt-text = Ein Bild, das eine KI gemacht hat:
shared-hidden = Ein Bild von { $author } ist von der Moderation dieses Servers verborgen.
button-shared-vary = Variieren
button-shared-original = Original
button-withdraw = Zurückziehen
voted = { $added ->
        [yes] Deine Stimme zählt
       *[no] Deine Stimme ist zurückgenommen
    }: Das Bild hat jetzt { $votes ->
        [one] eine Stimme
       *[other] { $votes } Stimmen
    }.
withdrawn = Das Bild ist aus dem Schaufenster zurückgezogen. Sein Beitrag verschwindet gleich, und seine Stimmen mit ihm.
told-not-shared = Ein Bild, das du geteilt hast, ist nicht mehr in { $channel }: Sein Beitrag wurde gelöscht, oder ich konnte dort nichts schreiben. Du kannst es wieder teilen.
told-unshared = Die Moderation dieses Servers hat dein Bild #{ $number } aus dem Schaufenster genommen. Das Bild selbst bleibt.
audit-unshare = { $actor } hat #{ $number } von { $member } aus dem Schaufenster genommen
setup-showcase = **Schaufenster** · wo Mitglieder ihre Bilder teilen und abstimmen. Wähle einen eigenen Kanal dafür; ohne einen kann niemand teilen.
setup-showcase-none = Noch kein Schaufenster
setup-showcase-gone = Der Kanal des Schaufensters wurde gelöscht. Wähle einen anderen.
doctor-no-showcase = Kein Schaufenster: Mitglieder können keine Bilder teilen. Wähle einen Kanal in `/admin einrichten`.
doctor-showcase-gone = Der Kanal des Schaufensters wurde gelöscht: Mitglieder können keine Bilder teilen. Wähle einen anderen in `/admin einrichten`.
doctor-showcase-right = Mitglieder teilen Bilder in { $channel }.
settings-named = **Darf bei einem geteilten Bild, das aus deinem gemacht ist, dein Name stehen?** { $named ->
        [yes] Ja, du wirst genannt.
       *[no] Nein, du wirst nicht genannt.
    }
button-named = { $named ->
        [yes] Nenne mich
       *[no] Nenne mich nicht
    }

## Die Galerie

gallery-name = galerie
gallery-description = Durchblättern, was die Mitglieder dieses Servers teilen
gallery-sort-name = sortierung
gallery-sort-description = Die neuesten, oder die mit den meisten Stimmen
gallery-sort-new = neueste
gallery-sort-week = beste der Woche
gallery-sort-month = beste des Monats
gallery-sort-ever = beste aller Zeiten
gallery-member-name = mitglied
gallery-member-description = Nur was dieses Mitglied teilt, die neuesten zuerst
gallery-text-name = text
gallery-text-description = Nur was diese Wörter in der Bildunterschrift oder im gezeigten Prompt hat, die neuesten zuerst
gallery-title = { $order ->
        [week] Die meisten Stimmen unter den Bildern der letzten 7 Tage
        [month] Die meisten Stimmen unter den Bildern der letzten 30 Tage
        [ever] Die meisten Stimmen aller Zeiten
       *[new] Neu im Schaufenster
    }
gallery-title-member = Geteilt von { $member }, die neuesten zuerst
gallery-entry = { $author } · ♥ { $votes } · <t:{ $at_s }:R>
gallery-empty = Hier ist nichts geteilt, was du sehen kannst. Unter deinen Ergebnissen hat **Mehr …** den Punkt **Teilen …**.
gallery-nothing-found = Mit diesen Wörtern ist hier nichts geteilt, was du sehen kannst. Durchsucht werden Bildunterschriften und gezeigte Prompts der neuesten { $most }.
button-open-post = Öffnen { $number }
button-gallery-before = Zurück
button-gallery-after = Weiter

error-showcase-unchosen = { $who ->
        [admin] Dieser Server hat noch kein Schaufenster. Wähle einen Kanal dafür: `/admin einrichten`, „Schaufenster“.
       *[member] Dieser Server hat noch kein Schaufenster. Seine Admins können einen Kanal dafür wählen: `/admin einrichten`.
    }
error-showcase-closed = Ich kann in { $channel }, dem Schaufenster dieses Servers, nichts schreiben. Was mir fehlt, sehen die Admins in `/admin prüfen`. Es wurde nichts geteilt.
error-already-shared = #{ $number } ist schon im Schaufenster: { $link }
error-nothing-shared = Diese Bilder von #{ $number } sind schon im Schaufenster.
error-not-shared = Dieses Bild ist nicht mehr im Schaufenster.
error-vote-for-own = Für dein eigenes Bild kannst du nicht stimmen.
error-share-not-yours = #{ $number } gehört jemand anderem: Nur wer es gemacht hat, kann es teilen, und nur diese Person oder die Moderation kann es zurückziehen.
