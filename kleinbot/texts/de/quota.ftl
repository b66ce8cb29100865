## Was ein Kontingent ist und was es verändert hat. $left, $pictures … sind Bilder, auch mit Zehnteln.

# $source: wessen Regel es ist; $whose: ob das Mitglied selbst liest oder ein Admin; $plain: ob allein die Regel den Rest bestimmt.
quota-title-own = { $plain ->
        [yes] Du hast noch { $left } von { $limit ->
            [one] { $limit } Bild
           *[other] { $limit } Bildern
        } übrig
       *[no] { $left ->
            [one] Du hast noch { $left } Bild übrig
           *[other] Du hast noch { $left } Bilder übrig
        }
    }: { quota-gives }.
quota-title-member = { $plain ->
        [yes] { $member } hat noch { $left } von { $limit ->
            [one] { $limit } Bild
           *[other] { $limit } Bildern
        } übrig
       *[no] { $left ->
            [one] { $member } hat noch { $left } Bild übrig
           *[other] { $member } hat noch { $left } Bilder übrig
        }
    }: { quota-gives }.
quota-gives = { $source ->
        [member] eine Regel nur für { $whose ->
            [own] dich
           *[member] dieses Mitglied
        } gibt { quota-amount }
        [role] <@&{ $role }> gibt { quota-amount }{ $roles ->
            [one] {""}
           *[other] , die beste { $whose ->
                [own] deiner
               *[member] der
            } { $roles } Rollen
        }
        [server] die Vorgabe dieses Servers gibt { quota-amount }
        [host] die Vorgabe des Bot-Betreibers gibt { quota-amount }
       *[most] der Betreiber des Bots erlaubt einem Mitglied dieses Servers { $gives ->
            [0] keine
           *[other] höchstens { quota-amount }
        }
    }
quota-amount = { $gives ->
        [0] keine
       *[other] { $gives } in { quota-span }
    }
quota-span = { $hours ->
        [0] { $minutes ->
            [one] einer Minute
           *[other] { $minutes } Minuten
        }
        [one] einer Stunde
       *[other] { $hours } Stunden
    }
quota-window = { $left } von { $gives } übrig in { quota-span }
quota-returns = { $pictures ->
        [one] Das nächste Bild kommt <t:{ NUMBER($at_s, useGrouping: 0) }:R> zurück.
       *[other] Die nächsten { $pictures } Bilder kommen <t:{ NUMBER($at_s, useGrouping: 0) }:R> zurück.
    }
quota-everywhere = Über alle Server zusammen hast du { $spent } der { $most } Bilder verbraucht, die der Betreiber des Bots einer Person in { $hours ->
        [one] einer Stunde
       *[other] { $hours } Stunden
    } gibt; darum bleiben dir hier weniger.
quota-grant = Dazu { $left } von { $amount } geschenkten, bis <t:{ NUMBER($until_s, useGrouping: 0) }:f>.
quota-grant-because = Dazu { $left } von { $amount } geschenkten, bis <t:{ NUMBER($until_s, useGrouping: 0) }:f>. Grund: { $reason }
quota-weight = Bekommt { $weight }-mal so viel von der Grafikkarte wie ein gewöhnliches Mitglied dieses Servers, solange auch andere warten.
quota-entries = Letzte Änderungen
quota-no-entries = Bisher wurde nichts verbraucht oder geschenkt.

entry-reserve = −{ $pictures } für #{ $number } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-refund = { $pictures ->
        [0] #{ $number } endete; seine Bilder waren durch ein Zurücksetzen schon wieder da
       *[other] +{ $pictures } zurück von #{ $number }
    } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-refund-used = { $pictures ->
        [0] nichts zurück von #{ $number }, das beim Abbrechen schon ganz gezeichnet war
       *[other] +{ $pictures } zurück von #{ $number }, abgebrochen; der schon gezeichnete Teil zählt
    } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-grant = +{ $pictures } geschenkt von { $by } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-expire = −{ $pictures } ungenutzt verfallen · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-revived = +{ $pictures } zurück, weil sie verfielen, als die Uhr vorging · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-reset = +{ $pictures }, weil { $by } das Kontingent zurückgesetzt hat · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-because = { $entry } · { $reason }

price-paid = { $pictures ->
        [one] Hat { $pictures } Bild vom Kontingent gekostet.
       *[other] Hat { $pictures } Bilder vom Kontingent gekostet.
    }
price-left = Danach blieben { $left } übrig.
