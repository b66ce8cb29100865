## Regeln für Kontingente nach Rollen: was jede gibt und wem. $hours, $hourly und $burst gehören zu den Zeitfenstern einer Regel.

quota-terms = { $pictures ->
        [0] keine
       *[other] { $pictures } in { $hours ->
            [one] einer Stunde
           *[other] { $hours } Stunden
        }
    }{ quota-bounds }
quota-bounds = { $hourly ->
        [0] {""}
       *[other] , höchstens { $hourly } in einer Stunde
    }{ $burst ->
        [0] {""}
       *[other] , höchstens { $burst } in 10 Minuten
    }
quota-members = { $members ->
        [-1] {""}
        [one] {" · "}{ $members } Mitglied
       *[other] {" · "}{ $members } Mitglieder
    }
quota-rules = Kontingente auf diesem Server
quota-rules-order = Die eigene Regel eines Mitglieds gilt. Ohne sie gilt die beste aus den Regeln seiner Rollen und der Vorgabe: die mit den meisten Bildern am Tag, mit ihren Grenzen je Stunde und für zehn Minuten.
quota-rules-default = - Die Vorgabe { $whose ->
        [host] des Bot-Betreibers
       *[server] dieses Servers
    }: { $terms }
quota-rules-role = { $role }: { $terms }{ quota-members }{ $state ->
        [counts] {""}
        [idle] {" · "}gilt nie, denn die Vorgabe gibt ebenso viel
       *[deleted] {" · "}gilt für niemanden; /admin kontingent aufheben nimmt sie weg
    }
quota-rules-none = Keine Rolle hat eine Regel. /admin kontingent rolle gibt ihr eine.
quota-role-set = { $role } gibt jetzt { $terms }{ quota-members }.
quota-role-deleted = eine gelöschte Rolle ({ $role })
quota-role-clear-question = Die Regel von { $role } wegnehmen, die { $pictures } gibt? Für ihre Mitglieder gilt dann die beste ihrer anderen Rollen oder die Vorgabe.
quota-role-cleared = { $role } hat keine Regel mehr.
audit-role-set = { $actor } hat die Regel von <@&{ $role }> auf { $pictures } gesetzt
audit-role-removed = { $actor } hat die Regel von <@&{ $role }> weggenommen
error-quota-window-idle = Ein kürzeres Fenster muss weniger erlauben als ein längeres, sonst gilt es nie: zum Beispiel 200 in 24 Stunden, 40 in einer Stunde, 10 auf einmal. Es wurde nichts geändert.
error-role-is-everybodys = Diese Rolle haben alle: Was alle bekommen, sagt /admin kontingent vorgabe. Es wurde nichts geändert.
error-role-rules-full = Schon { $most } Rollen haben eine Regel, und mehr geht nicht. Nimm mit /admin kontingent aufheben eine weg. Es wurde nichts geändert.
error-role-rule-unknown = Diese Rolle hat keine Regel. /admin kontingent regeln zeigt, welche eine haben. Es wurde nichts geändert.

quota-top = Wer { $days ->
        [one] am letzten Tag
       *[other] in den letzten { $days } Tagen
    } am meisten verbraucht hat
quota-top-member = { $place }. { $member } · { $pictures ->
        [one] { $pictures } Bild
       *[other] { $pictures } Bilder
    }
quota-top-nobody = Niemand hat etwas verbraucht.
quota-exported = { $rows ->
        [0] In { $days ->
            [one] einem Tag
           *[other] { $days } Tagen
        } hat sich kein Kontingent geändert; die Tabelle ist leer.
        [one] { $rows } Änderung an Kontingenten aus { $days ->
            [one] einem Tag
           *[other] { $days } Tagen
        }.
       *[other] { $rows } Änderungen an Kontingenten aus { $days ->
            [one] einem Tag
           *[other] { $days } Tagen
        }, die neuesten zuerst.
    }{ $cut ->
        [yes] {" "}Es gab mehr; die älteren fehlen.
       *[no] {""}
    }
