## Was Server-Admins und der Betreiber des Bots tun, und was dem im Weg steht.

error-draining = Mein Betreiber lässt mich fertig zeichnen, was in der Schlange ist, und nimmt gerade nichts Neues an. Versuch es später noch einmal. Es wurde nichts berechnet.
error-not-an-admin = Das darf nur, wer diesen Server verwalten darf.
error-not-the-host = Das darf nur der Betreiber des Bots.
error-quota-number-missing = Sag, wie viele Bilder es sein sollen. Um eine Grenze aufzuheben, nimm /admin kontingent aufheben. Es wurde nichts geändert.
error-quota-above-most = { $wanted } Bilder sind mehr, als der Betreiber des Bots einem Mitglied dieses Servers erlaubt ({ $most } in { $hours ->
        [one] einer Stunde
       *[other] { $hours } Stunden
    }). Erhöhen kann er das mit /host anteil. Es wurde nichts geändert.
error-grants-above-most = Dieses Mitglied hat noch { $unspent } geschenkte Bilder, und der Betreiber des Bots erlaubt einem Mitglied dieses Servers höchstens { $most }. Es wurde nichts geändert.
error-server-unknown = So einen Server kenne ich nicht. /host server zählt die auf, die ich kenne. Es wurde nichts geändert.

engine-paused = Der Betreiber des Bots hat das Zeichnen angehalten; dein Platz bleibt dir.
presence-paused = vom Betreiber angehalten

admin-set = { $member } hat jetzt eine eigene Grenze: { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    }.
admin-set-removed = { $member } hat keine eigene Grenze mehr; sie war { $terms }. Jetzt gilt { admin-clear-then }.
admin-default-set = Mitglieder dieses Servers ohne eigene Grenze haben jetzt { $terms }. Die Regel einer ihrer Rollen zählt, wo sie mehr gibt.
admin-clear-question = { $whose ->
        [server] Die Vorgabe dieses Servers aufheben, { $terms }?
       *[member] Die Grenze aufheben, die { $member } allein hat, { $terms }?
    } Dann gilt { admin-clear-then }.
admin-clear-then = { $source ->
        [server] die Vorgabe dieses Servers: { $then }
       *[host] die Vorgabe des Bot-Betreibers: { $then }
    }{ $roles ->
        [yes] , oder die Regel einer Rolle, wo sie mehr gibt{ $whose ->
            [server] {""}
           *[member] ; /admin kontingent ansehen sagt, welche
        }
       *[no] {""}
    }
admin-clear-nothing = { $whose ->
        [server] Dieser Server hat keine eigene Vorgabe.
       *[member] { $member } hat keine eigene Grenze.
    } Es wurde nichts geändert.
admin-clear-kept = Es wurde nichts geändert.
button-clear-yes = Aufheben
admin-default-removed = Dieser Server hat keine eigene Vorgabe mehr; sie war { $terms }. Jetzt gilt { admin-clear-then }.
admin-granted = { $member } hat { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    } dazubekommen.
admin-reset = { $pictures ->
        [0] { $member } hatte nichts verbraucht, also gab es nichts zurück.
        [one] { $member } hat { $pictures } verbrauchtes Bild zurückbekommen.
       *[other] { $member } hat { $pictures } verbrauchte Bilder zurückbekommen.
    }
admin-weighed = { $weight ->
        [1] { $member } bekommt so viel von der Grafikkarte wie jedes gewöhnliche Mitglied dieses Servers.
       *[other] { $member } bekommt jetzt { $weight }-mal so viel von der Grafikkarte wie ein gewöhnliches Mitglied dieses Servers, solange auch andere warten.
    }
admin-changes = Was Admins und Betreiber auf diesem Server geändert haben
admin-no-changes = Auf diesem Server hat noch niemand etwas geändert.

audit-quota-set = { $actor } hat die Grenze von { $member } auf { $pictures } gesetzt
audit-quota-removed = { $actor } hat die Grenze von { $member } entfernt
audit-default-set = { $actor } hat die Vorgabe dieses Servers auf { $pictures } gesetzt
audit-default-removed = { $actor } hat die Vorgabe dieses Servers entfernt
audit-grant = { $actor } hat { $member } { $pictures } geschenkt
audit-reset = { $actor } hat { $member } zurückgesetzt: { $pictures } zurück
audit-weight = { $actor } lässt { $member } { $weight }-fach in der Schlange zählen
audit-share = Der Betreiber hat festgelegt, was dieser Server von der Grafikkarte nutzen darf
audit-cancel-moderator = { $actor } hat #{ $number } von { $member } abgebrochen
audit-cancel-host = Der Betreiber des Bots hat #{ $number } von { $member } abgebrochen
audit-row = { $what } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>

host-servers = Server, die meistbeschäftigten der letzten { $hours ->
        [one] Stunde
       *[other] { $hours } Stunden
    } zuerst
host-server = **{ $server }** · { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    } · { $open ->
        [one] { $open } Auftrag
       *[other] { $open } Aufträge
    } in der Schlange · Anteil { $share } · höchstens { $most } je Mitglied
host-servers-more = … und { $rest } weitere.
host-server-left = Server { $server } hat mich entfernt. Was seine Mitglieder bestellt haben, mit { $pictures ->
        [one] einem Bild
       *[other] { $pictures } Bildern
    }, verschwindet am <t:{ NUMBER($at_s, useGrouping: 0) }:D>, wenn er mich bis dahin nicht wieder eingeladen hat.
host-server-gone = Server { $server } hat mich endgültig entfernt: was seine Mitglieder bestellt haben, wird gerade gelöscht.
host-no-servers = Ich bin noch auf keinem Server.
host-shared = Jetzt gilt: { $row }
host-paused = Angehalten. Aufträge werden weiter angenommen und behalten ihre Plätze; das Bild in Arbeit wird fertig. Weiter geht es mit /host warteschlange fortsetzen.
host-resumed = Ich arbeite wieder wie sonst.
host-draining = Ich zeichne fertig, was in der Schlange ist, und nehme nichts Neues an. /host warteschlange fortsetzen nimmt das zurück.
host-status-engine = Modell: { $phase } · Profil { $profile } ({ $device }) · { $door }
host-status-engine-detail = Einzelheit zum Modell: { $detail }
host-status-line = Schlange: { $waiting ->
        [one] { $waiting } Bild wartet
       *[other] { $waiting } Bilder warten
    }, { $running } in Arbeit
host-status-disk = Platte: { $gib } GiB frei
host-status-archive = Archiv: { $detail }
host-status-clock = Uhr: Sie geht { $seconds } s { $where ->
        [ahead] vor
       *[behind] nach
    }, verglichen mit der von Discord. Stelle die Uhr dieses Rechners, etwa über NTP: Jede Zeitangabe an Mitglieder ist um so viel falsch.
host-status-loop = Ereignisschleife: höchstens { $milliseconds } ms zu spät
host-status-model = Modell: Transformer { $transformer }; Text-Encoder { $encoder }; gerechnet in { $precision }{ $base ->
        [yes] ; auch der Basis-Checkpoint
       *[no] {""}
    }
host-status-limits = Grenzen: { $tokens } Tokens zu 16×16 px je Bild, { $references ->
        [one] { $references } Referenz
       *[other] { $references } Referenzen
    }, { $batch ->
        [one] { $batch } Bild
       *[other] { $batch } Bilder
    } auf einmal
host-status-classifier = Klassifikator: { $phase ->
        [starting] { $model } wird geladen; Bilder warten höchstens eine Minute darauf
        [ready] { $model }
        [failed] { $model } lässt sich nicht benutzen; Bilder kommen ungeprüft an
       *[off] aus, Bilder werden nicht beurteilt (KLEINBOT_CLASSIFIER)
    }{ $phase ->
        [off] {""}
       *[other] {" "}· { $passed } bestanden, { $blocked } zurückgehalten, { $unjudged } ungeprüft · { $milliseconds } ms
    }
host-status-classifier-detail = Genaueres zum Klassifikator: { $detail }
host-status-estimate = Genannter Beginn: die Hälfte auf { $p50 } s genau, 95 % auf { $p95 } s ({ $count ->
        [one] der letzte Auftrag
       *[other] die letzten { $count } Aufträge
    })
host-status-ends = Genanntes Ende: die Hälfte auf { $median } s genau, 90 % auf { $p90 } s ({ $count ->
        [one] der letzte Auftrag
       *[other] die letzten { $count } Aufträge
    })
host-status-batches = Stapel (wie viele × Bilder): { $sizes } · Karte { $idle } % der Zeit mit Arbeit untätig
host-status-memory = { $times ->
        [0] Speicher ausgegangen: seit dem Start nie
        [one] Speicher seit dem Start einmal ausgegangen: { $rungs }
       *[other] Speicher seit dem Start { $times }-mal ausgegangen: { $rungs }
    }
format-plain = unquantisiert
format-fp8 = FP8
format-int8 = INT8
placement-resident = { $device ->
        [cpu] im Arbeitsspeicher
       *[cuda] auf der Grafikkarte
    }
placement-streamed = aus dem Arbeitsspeicher nachgeladen
placement-disk = von der Platte gelesen
rung-batch-of-one = ein Bild auf einmal
rung-lean-decode = sparsames Dekodieren
rung-streamed-encoder = Encoder nachgeladen
rung-give-up = aufgegeben
host-phase-starting = startet
host-phase-downloading = wird heruntergeladen ({ $percent } %)
host-phase-loading = wird geladen ({ $percent } %)
host-phase-warming = läuft warm ({ $percent } %)
host-phase-ready = bereit
host-phase-disk-full = wartet auf Platz auf der Festplatte
host-phase-draining = wird beendet
host-phase-failed = nicht gestartet
host-door-open = geöffnet
host-door-paused = angehalten
host-door-freed = angehalten, die Karte ist freigegeben
host-freed = Angehalten, und das Modell verlässt die Grafikkarte binnen Sekunden: Das Bild in Arbeit wird sofort fertig oder wartet wieder. Aufträge werden weiter angenommen und behalten ihre Plätze. Mit /host warteschlange fortsetzen wird es wieder geladen.
host-phase-unloading = verlässt die Grafikkarte
host-phase-unloaded = nicht geladen; der nächste Auftrag lädt es
host-phase-freed = { $loaded ->
        [yes] verlässt die Grafikkarte: du hast sie freigegeben
       *[no] nicht geladen: du hast die Karte freigegeben
    }
host-phase-quiet-hours = { $loaded ->
        [yes] stellt Begonnenes fertig: Ruhezeit
       *[no] nicht geladen: Ruhezeit
    }{ $until_s ->
        [0] {""}
       *[other] {" "}bis <t:{ NUMBER($until_s, useGrouping: 0) }:t>
    }
host-phase-card-taken = { $loaded ->
        [yes] stellt Begonnenes fertig: ein anderes Programm nimmt den Speicher der Karte
       *[no] nicht geladen: ein anderes Programm hat den Speicher der Karte; jede Minute wird neu nachgesehen
    }
host-door-draining = wird leer gezeichnet
