## Was der Betreiber über einzelne Server bestimmt.

error-server-banned = Der Betreiber dieses Bots bedient diesen Server nicht mehr; nur er kann das ändern. Es wurde nichts berechnet, und was wartete, ist zurückgegeben.
error-server-already-banned = Dieser Server ist schon gesperrt; /host freigeben bedient ihn wieder. Es wurde nichts geändert.
error-server-not-banned = Dieser Server ist nicht gesperrt. Es wurde nichts geändert.
error-no-host-line = Es gibt keine Zeile, die man zurücknehmen könnte. Sag mit `text`, was dort stehen soll. Es wurde nichts geändert.

host-server-banned = { $row } · **gesperrt** { $reason }
host-banned = **{ $server }** wird nicht mehr bedient: Auf jeden Befehl dort kommt ein Satz als Antwort, die Aufträge enden, und was nicht fertig war, wird zurückgegeben. Ich bleibe dort; /host freigeben nimmt das zurück.
host-unbanned = **{ $server }** wird wieder bedient.
host-line-left = { $scope ->
        [one] Alle Admins von **{ $server }** lesen das einmal, unter ihrer nächsten Antwort auf /admin: { $text }
       *[all] Alle Admins aller Server lesen das einmal, unter ihrer nächsten Antwort auf /admin: { $text }
    }
host-line-withdrawn = { $scope ->
        [one] Die Zeile für **{ $server }** ist zurückgenommen; wer sie noch nicht gelesen hat, liest sie nicht mehr.
       *[all] Die Zeile für alle Server ist zurückgenommen; wer sie noch nicht gelesen hat, liest sie nicht mehr.
    }
notice-host-line = **Vom Betreiber dieses Bots:** { $text }

audit-server-ban = Der Betreiber bedient diesen Server nicht mehr
audit-server-unban = Der Betreiber bedient diesen Server wieder
audit-host-line = Der Betreiber hat den Admins eine Zeile hinterlassen

host-ban-name = sperren
host-ban-description = Bediene einen Server nicht mehr; seine Aufträge enden und werden zurückgegeben
host-ban-reason-name = grund
host-ban-reason-description = Warum, für dein eigenes Gedächtnis; dort erfährt es niemand
host-unban-name = freigeben
host-unban-description = Bediene einen gesperrten Server wieder
host-line-name = zeile
host-line-description = Hinterlasse eine Zeile, die Admins einmal unter ihrer nächsten Antwort auf /admin lesen
host-line-text-name = text
host-line-text-description = Was sie lesen sollen; ohne Angabe wird die Zeile zurückgenommen
host-line-server-description = Wessen Admins (ohne Angabe die aller Server)
