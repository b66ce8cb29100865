## /privacy: was der Bot über jemanden hat

privacy-name = datenschutz
privacy-description = Was ich über dich habe: lass es dir geben, oder lass es löschen
privacy-export-name = export
privacy-export-description = Alles, was ich über dich habe, als Dateien für dich allein
privacy-skip-name = auslassen
privacy-skip-description = So viele Bilder, die ältesten, die dir ein früherer Export schon gab
privacy-delete-name = löschen
privacy-delete-description = Löscht alles, was ich über dich habe, auf jedem Server; fragt vorher

erase-question = **Alles löschen, was ich über dich habe, auf jedem Server, auf dem ich bin?**
erase-goes = Deine Ergebnisse mit ihren Bildern, deine Anhänge, deine Favoriten und Einstellungen verschwinden, und meine Nachrichten, die sie zeigen, soweit Discord mich lässt. Was wartet oder gerade gezeichnet wird, wird abgebrochen und erstattet. Das lässt sich nicht rückgängig machen.
erase-stays = Was noch eine Weile bleibt:
erase-stays-spent = • was du verbraucht oder bekommen hast, bis es nach keiner Regel mehr zählt: <t:{ NUMBER($until_s, useGrouping: 0) }:R>
erase-stays-audit = • was Admins über dich entschieden haben, oder du als Admin: 180 Tage
erase-stays-ban = • deine Sperre oder Auszeit, solange sie gilt und bis zu 30 Tage: ab jetzt unter einem Code statt deiner Kennung, mit dem dich niemand findet, ich dich aber wiedererkenne
erase-stays-always =
    • Kopien in Sicherungen des Betreibers, bis er neue anlegt
    • was andere aus deinen Bildern gemacht haben, mit den Worten, aus denen es entstand: das gehört ihnen, und neue Nachrichten nennen dich „jemand“
    • Nachrichten, die nur du siehst: verwirf sie selbst
button-erase = Alles löschen
button-no-erase = Alles behalten
erase-begun = Alles über dich wird gelöscht. Was du bis dahin von mir möchtest, wird abgelehnt.
erase-goes-on = Alles über dich wird schon gelöscht. Bei vielen Bildern, oder wenn Discord langsam ist, dauert das eine Weile; es geht von selbst weiter.
erase-done = Alles, was ich über dich hatte, ist gelöscht.
erase-kept = Es wurde nichts gelöscht.

export-part = Deine Daten, Teil { $part }
export-done = Das ist alles, was ich über dich habe: { $parts ->
        [one] eine Datei
       *[other] { $parts } Dateien
    } mit { $pictures ->
        [0] keinem Bild
        [one] einem Bild
       *[other] { $pictures } Bildern
    }. Nur du siehst diese Nachricht; sichere die Dateien, denn sie bleibt nicht.
export-more = Das sind { $parts } Dateien mit deinen ältesten { $pictures } Bildern. Mehr passt nicht in einen Export: morgen geht es mit `/datenschutz export auslassen:{ NUMBER($pictures, useGrouping: 0) }` dort weiter.

error-being-erased = Gerade wird alles über dich gelöscht. Versuch es wieder, wenn das fertig ist; /datenschutz löschen sagt es dir.
error-export-again = Du hast dir deine Daten am letzten Tag schon geben lassen. Wieder möglich <t:{ NUMBER($at_s, useGrouping: 0) }:R>.
error-export-busy = Gerade werden die Daten von jemand anderem zusammengestellt. Versuch es in ein paar Minuten noch einmal.

somebody = jemand

settings-name = einstellungen
settings-description = Was du auf diesem Server für dich gewählt hast
settings-editing = **Dürfen andere Bilder bearbeiten oder abwandeln, die du hier postest oder machst?** { $chosen ->
        [yes] Ja.
        [no] Nein.
       *[server] Wie es dieser Server hält: { $server ->
            [yes] ja
           *[no] nein
        }.
    }
    Was auch immer du wählst: was jemand aus einem Bild macht, das du angehängt hast, sieht nur diese Person, bis sie es postet, und du kannst es entfernen lassen: *Apps → Was daraus wurde, entfernen* an deiner Nachricht.
button-others-edit = { $choice ->
        [yes] Ja
        [no] Nein
       *[server] Wie dieser Server ({ $server ->
            [yes] ja
           *[no] nein
        })
    }
settings-previews = **Sehen, was aus deinen Bildern wird, während sie gezeichnet werden?** { $chosen ->
        [on] Ja.
       *[off] Nein.
    }
    Nur bei Bildern, die mehr als ein paar Sekunden brauchen, und nur, wo der Betreiber nicht jedes Bild prüfen lässt, bevor es jemand sieht. Die Vorschau verschwindet, sobald das Bild da ist.
button-previews = { $choice ->
        [on] Vorschau zeigen
       *[off] Keine Vorschau
    }
menu-take-back = Was daraus wurde, entfernen
more-take-back = Das ist mein Bild …
take-back-question = **Alles entfernen, was andere hier aus deinem Bild gemacht haben?** Auch was daraus wieder entstand, verschwindet, mit meinen Nachrichten, die es zeigen. Was sie dafür bezahlt haben, bleibt bezahlt. Das lässt sich nicht rückgängig machen.
button-take-back = Entfernen
take-back-begun = Was andere aus deinem Bild gemacht haben, wird entfernt. Ist es viel, dauert das eine Weile; es geht von selbst weiter.
button-post = Posten
posted = #{ $number } ist jetzt für alle in seinem Kanal.
error-editing-not-wanted = Wer dieses Bild gemacht oder gepostet hat, möchte nicht, dass andere es hier bearbeiten. Nimm ein anderes, oder eines von dir.
error-not-your-picture = Dieses Bild hat jemand anderes gepostet. Nur diese Person kann entfernen lassen, was daraus wurde; du kannst es melden: *Apps → Dieses Bild melden*.
error-nothing-made-from-it = Niemand sonst hat hier etwas aus diesem Bild gemacht.
error-already-posted = #{ $number } wurde schon gepostet.
error-picture-not-kept = Ich bewahre dieses Bild von #{ $number } nicht mehr auf. Häng es an: speichere es aus seiner Nachricht, dann `/bearbeiten datei:`. Es wurde nichts berechnet.
notice-purge = **Alte Bilder verschwinden.** Wie dieser Server es gewählt hat, werden ältere Bilder ab <t:{ NUMBER($at_s, useGrouping: 0) }:D> nicht mehr aufbewahrt; so alt { $pictures ->
        [one] ist ein Bild
       *[other] sind { $pictures } Bilder
    }. Favoriten bleiben, ebenso Nachrichten, Rezepte und Knöpfe. /admin einrichten ändert das.
error-picture-taken-back = Wer das Bild gepostet hat, aus dem das werden sollte, hat es zurückgezogen.
