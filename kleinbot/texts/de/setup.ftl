## Wie sich der Bot auf einem Server vorstellt, und was dessen Admins einrichten.

joining-post = **Hallo, ich bin { $name }.** Ich zeichne Bilder aus Worten und bearbeite Bilder, die du anhängst.
    Probier es hier aus: `/imagine prompt: { $model ->
        [small] a red circle
       *[full] ein roter Fuchs im Schnee
    }`
    Alle dürfen { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    } in { $hours ->
        [one] { $hours } Stunde
       *[other] { $hours } Stunden
    } zeichnen; `/kontingent` sagt, was übrig ist, `/warteschlange` was gerade gezeichnet wird, `/verlauf` was du gemacht hast, `/hilfe` den Rest.
    Wenn du diesen Server verwaltest: **Einrichten** hier unten, oder jederzeit `/admin einrichten`, dauert eine Minute. Alles geht auch ohne.
button-setup = Einrichten

notice-no-joining-post = Ich darf hier in keinem Kanal schreiben, in dem auch Mitglieder schreiben, und habe mich deshalb nicht vorgestellt. `/imagine` geht in jedem Kanal, in dem Mitglieder Befehle benutzen dürfen; `/admin prüfen` sagt, wo Ergebnisse nicht ankommen könnten.

language-itself = Deutsch

error-channel-unknown = Ich kenne auf diesem Server keinen solchen Textkanal, oder du siehst ihn nicht. Wähle einen anderen. Es wurde nichts geändert.
error-server-not-ready = Discord hat mir noch nichts über diesen Server gesagt. Versuch es in einer Minute noch einmal. Es wurde nichts geändert.

setup-head = **{ $server } einrichten**
    Jede Wahl gilt sofort, und mit `/admin einrichten` kannst du jederzeit wiederkommen. Nur du siehst das.
setup-moderators = **Moderationskanal** · wohin Meldungen zu Bildern gehen. Ohne ihn warten sie unter der nächsten Antwort auf `/admin`.
setup-moderators-none = Noch kein Kanal
setup-quota = **Kontingent** · was jedes Mitglied zeichnen darf. Eine andere Zahl behält die Stunden und die Grenzen (je Stunde, auf einmal). `/admin kontingent` setzt diese, und Regeln für Rollen und einzelne Mitglieder.
setup-quota-host = Wie es der Betreiber des Bots vorgibt: { $pictures } in { $hours ->
        [one] { $hours } Stunde
       *[other] { $hours } Stunden
    }
setup-quota-step = { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    } in { $hours ->
        [one] { $hours } Stunde
       *[other] { $hours } Stunden
    }{ quota-bounds }
setup-locale = **Sprache** · von Nachrichten, nach denen niemand gefragt hat, etwa Meldungen. Antworten kommen in der Sprache dessen, der fragt.
setup-locale-auto = Wie es für diesen Server in Discord steht: { $language }
setup-content = **Inhalte** · dürfen Mitglieder Bilder bearbeiten, die andere gepostet haben? Was niemand verlangen darf, sexuelle Bilder von Minderjährigen und das Ausziehen von Menschen, lehne ich überall ab; das lässt sich nicht abschalten.{ $judged ->
        [yes] {" "}Außerdem sieht sich ein Klassifikator jedes Bild an, bevor es jemand sieht; er irrt sich in beide Richtungen.
       *[no] {""}
    }
setup-edit-yes = Andere dürfen Bilder bearbeiten, außer wer sie gepostet hat, sagt nein
setup-edit-no = Nur wer ein Bild gepostet hat, darf es bearbeiten, außer er sagt ja
setup-retention = **Aufbewahrung** · wie lange ich Bilder behalte. Nachrichten in Discord bleiben; Favoriten behalte ich in jedem Fall.
setup-keep-days = Bilder { $days ->
        [one] { $days } Tag
       *[other] { $days } Tage
    } behalten
setup-keep-always = Bilder für immer behalten
setup-keep-unchosen = Noch nicht gewählt: alles wird behalten
setup-keep-size = etwa { NUMBER($gb, maximumFractionDigits: 1) } GB, wenn es so weitergeht
setup-keep-growth = wächst um etwa { NUMBER($gb, maximumFractionDigits: 1) } GB im Jahr, wenn es so weitergeht
setup-keep-proposed = Vorschlag
button-setup-done = Fertig, alles prüfen

setup-channel-gone = Der Moderationskanal wurde gelöscht. Wähle einen anderen.
setup-channel-missing = In { $channel } darf ich nicht: { $permissions }. Erlaube es dort: Kanal bearbeiten → Berechtigungen → meine Rolle.
permission-view-channel = Kanal anzeigen
permission-send-messages = Nachrichten senden
permission-attach-files = Dateien anhängen
permission-read-message-history = Nachrichtenverlauf anzeigen
permission-send-messages-in-threads = Nachrichten in Threads senden

doctor-title-right = Hier geht alles.
doctor-title-wrong = { $problems ->
        [one] Eine Sache stimmt hier nicht.
       *[other] { $problems } Dinge stimmen hier nicht.
    }
doctor-here-right = { $channel }: Hier darf ich, was ich brauche.
doctor-more-channels = { $rest ->
        [one] In einem weiteren Kanal ist es ebenso.
       *[other] In { $rest } weiteren Kanälen ist es ebenso.
    }
doctor-no-moderators = Kein Moderationskanal: Meldungen warten unter der nächsten Antwort auf `/admin`. Wähle einen in `/admin einrichten`.
doctor-moderators-gone = Der Moderationskanal wurde gelöscht: Meldungen warten unter der nächsten Antwort auf `/admin`. Wähle einen anderen in `/admin einrichten`.
doctor-moderators-open = Alle Mitglieder sehen { $channel } und damit die Meldungen und wer meldet. Wähle in `/admin einrichten` einen Kanal, den nur die Moderation sieht.
doctor-moderators-right = Meldungen gehen nach { $channel }.
doctor-not-set-up = Noch niemand hat `/admin einrichten` durchgesehen. Es dauert eine Minute, und alles geht auch ohne.
doctor-retention-unchosen = Noch niemand hat gewählt, wie lange Bilder behalten werden: für immer, bis es jemand in `/admin einrichten` tut.
doctor-retention-always = Bilder werden für immer behalten.
doctor-retention = Bilder werden { $days ->
        [one] { $days } Tag
       *[other] { $days } Tage
    } behalten.
doctor-quota = Jedes Mitglied darf { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    } in { $hours ->
        [one] { $hours } Stunde
       *[other] { $hours } Stunden
    } zeichnen{ quota-bounds }, { $source ->
        [server] wie es die Admins dieses Servers vorgeben.
       *[host] wie es der Betreiber des Bots vorgibt.
    }
doctor-editing = { $allowed ->
        [yes] Mitglieder dürfen Bilder bearbeiten, die andere gepostet haben, außer wer sie gepostet hat, sagt nein.
       *[no] Mitglieder dürfen keine Bilder bearbeiten, die andere gepostet haben, außer wer sie gepostet hat, sagt ja.
    }

doctor-judged = { $judged ->
        [yes] Ein Klassifikator des Betreibers sieht sich jedes Bild an, bevor es jemand sieht. Er irrt sich in beide Richtungen: das Protokoll sagt, wessen Bilder er zurückgehalten hat.
       *[no] Kein Klassifikator sieht sich die Bilder an; nur Wörter werden geprüft.
    }

audit-setting = { $actor } hat neu gewählt: { $setting ->
        [moderators-channel] den Moderationskanal
        [allowed-channels] die Kanäle
        [showcase-channel] das Schaufenster
        [locale] die Sprache
        [others-may-edit] wer Bilder bearbeiten darf
        [retention] wie lange Bilder behalten werden
       *[other] { $setting }
    }

admin-setup-name = einrichten
admin-setup-description = Wähle, was auf diesem Server gilt: eine Nachricht, eine Minute
admin-doctor-name = prüfen
admin-doctor-description = Was auf diesem Server stimmt und was nicht

setup-allowed = **Kanäle** · wo Bilder entstehen. Keiner gewählt: überall; `/admin kanäle` schließt auch einzelne.
setup-allowed-everywhere = Überall
setup-allowed-many = Es sind mehr als 25 Kanäle gewählt: ändere sie mit `/admin kanäle`.
doctor-allowed-gone = { $gone ->
        [one] Einer der Kanäle, in denen Bilder entstehen, wurde gelöscht.
       *[other] { $gone } der Kanäle, in denen Bilder entstehen, wurden gelöscht.
    } { $left ->
        [0] Keiner ist übrig, deshalb kann niemand zeichnen: Wähle andere in `/admin einrichten`.
       *[other] In den übrigen geht es weiter; wähle neu in `/admin einrichten`.
    }
