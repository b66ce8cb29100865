## Was ein Kontingent ist und was es verändert hat. $left, $pictures … sind Bilder, auch mit Zehnteln.

quota-title-own = { $left ->
        [one] Du hast noch { $left } Bild übrig.
       *[other] Du hast noch { $left } Bilder übrig.
    }
quota-title-member = { $left ->
        [one] { $member } hat noch { $left } Bild übrig.
       *[other] { $member } hat noch { $left } Bilder übrig.
    }
quota-used = In { $hours ->
        [one] der letzten Stunde
       *[other] den letzten { $hours } Stunden
    } { $limit ->
        [0] { $spent } verbraucht; erlaubt ist kein Bild.
       *[other] { $spent } von { $limit } verbraucht.
    }
quota-rule-member = { quota-used } Die Grenze gilt nur für dieses Mitglied.
quota-rule-server = { quota-used } Die Grenze ist die Vorgabe dieses Servers.
quota-rule-host = { quota-used } Die Grenze ist die Vorgabe des Bot-Betreibers.
quota-rule-most = { quota-used } Mehr erlaubt der Betreiber des Bots auf diesem Server nicht.
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
