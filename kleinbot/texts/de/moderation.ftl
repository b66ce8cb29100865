## Sperren, Kanäle, verborgene Bilder und Meldungen.

error-not-a-moderator = Das kann nur, wer im ganzen Server Nachrichten verwalten darf.
error-banned = { $kind ->
        [timeout] Die Moderation dieses Servers hat dir bis <t:{ NUMBER($until_s, useGrouping: 0) }:f> eine Pause vom Bildermachen gegeben.
       *[ban] { $until_s ->
            [0] Die Moderation dieses Servers hat dich hier vom Bildermachen ausgeschlossen.
           *[other] Die Moderation dieses Servers hat dich hier bis <t:{ NUMBER($until_s, useGrouping: 0) }:f> vom Bildermachen ausgeschlossen.
        }
    } Ihre Begründung: { $reason }. Was du vorher gemacht hast, gehört weiter dir: /verlauf. Nichts wurde berechnet.
error-already-banned = { $kind ->
        [timeout] <@{ $member }> hat schon eine Auszeit bis <t:{ NUMBER($until_s, useGrouping: 0) }:f>,
       *[ban] { $until_s ->
            [0] <@{ $member }> ist schon gesperrt,
           *[other] <@{ $member }> ist schon bis <t:{ NUMBER($until_s, useGrouping: 0) }:f> gesperrt,
        }
    } durch { $by ->
        [nobody] jemanden
       *[other] <@{ $by }>
    }: { $reason }. Um das zu ändern, heb die Sperre zuerst mit /mod entsperren auf. Nichts wurde geändert.
error-not-banned = <@{ $member }> ist hier weder gesperrt noch in einer Auszeit. Nichts wurde geändert.
error-ban-refused = { $who ->
        [self] Das bist du selbst. Nichts wurde geändert.
        [host] Dieses Mitglied betreibt den Bot und kann nicht gesperrt werden. Nichts wurde geändert.
       *[admin] Dieses Mitglied darf den Server verwalten und könnte die Sperre gleich wieder aufheben. Nichts wurde geändert.
    }
error-channel-closed = { $where ->
        [named] Bilder werden hier in { $channels } gemacht, nicht in diesem Kanal. Frag dort noch einmal. Nichts wurde berechnet.
        [none] Bilder werden in anderen Kanälen dieses Servers gemacht, von denen du keinen siehst. Frag die Admins. Nichts wurde berechnet.
       *[others] In diesem Kanal werden keine Bilder gemacht; die anderen stehen dir offen. Nichts wurde berechnet.
    }
error-too-many-channels = Es gibt schon Regeln für { $most } Kanäle. Nimm zuerst eine mit /admin kanäle leeren zurück. Nichts wurde geändert.
error-no-channel-rule = So eine Regel gibt es nicht; /admin kanäle liste zeigt, welche es gibt. Nichts wurde geändert.

mod-banned = { $kind ->
        [timeout] <@{ $member }> macht hier bis <t:{ NUMBER($until_s, useGrouping: 0) }:f> keine Bilder.
       *[ban] { $until_s ->
            [0] <@{ $member }> macht hier keine Bilder, bis jemand die Sperre aufhebt.
           *[other] <@{ $member }> macht hier bis <t:{ NUMBER($until_s, useGrouping: 0) }:f> keine Bilder.
        }
    } Beim nächsten Versuch liest das Mitglied deine Begründung: { $reason }
mod-banned-ended = { $count ->
        [one] Ein Auftrag endete damit
       *[other] { $count } Aufträge endeten damit
    }; { $refunded ->
        [one] { $refunded } Bild wurde zurückgegeben.
       *[other] { $refunded } Bilder wurden zurückgegeben.
    }
mod-unbanned = <@{ $member }> darf hier wieder Bilder machen.
mod-bans = Wer hier keine Bilder macht
mod-no-bans = Niemand ist hier gesperrt oder in einer Auszeit.
mod-ban-row = { $member ->
        [nobody] ein Mitglied, dessen Daten gelöscht sind
       *[other] <@{ $member }>
    }, { $kind ->
        [timeout] Auszeit bis <t:{ NUMBER($until_s, useGrouping: 0) }:f>
       *[ban] { $until_s ->
            [0] gesperrt
           *[other] gesperrt bis <t:{ NUMBER($until_s, useGrouping: 0) }:f>
        }
    } durch { $by ->
        [nobody] jemanden
       *[other] <@{ $by }>
    }: { $reason }

channels-everywhere = Bilder werden in jedem Kanal dieses Servers gemacht.
channels-allowed = Bilder werden nur in { $channels } und in den Threads dort gemacht.
channels-denied = In { $channels } werden keine Bilder gemacht, auch nicht in den Threads dort.

audit-ban = { $actor } hat { $member } gesperrt
audit-timeout = { $actor } hat { $member } eine Auszeit gegeben
audit-unban = { $actor } hat die Sperre von { $member } aufgehoben
audit-channel-allow = { $actor } hat einen Kanal erlaubt
audit-channel-deny = { $actor } hat einen Kanal ausgenommen
audit-channel-clear = { $actor } hat eine Kanalregel zurückgenommen

error-result-hidden = #{ $number } ist von der Moderation dieses Servers verborgen; damit lässt sich gerade nichts tun.
error-result-hidden-because = #{ $number } ist verborgen; damit lässt sich gerade nichts tun. { $reason ->
        [moderated] Jemand von der Moderation hat es verborgen: { $words }
        [shows-me] Es wurde gemeldet: Es zeigt jemanden, der das nicht möchte.
        [mine] Es wurde gemeldet: Es verwendet ein Bild von jemandem ohne Erlaubnis.
        [minor] Es wurde gemeldet: sexueller Inhalt mit Minderjährigen.
        [sexual] Es wurde gemeldet: sexueller Inhalt.
        [hateful] Es wurde gemeldet: hasserfüllter Inhalt.
       *[other] Es wurde gemeldet.
    } { $until_s ->
        [0] Es bleibt verborgen, bis jemand von der Moderation es wieder zeigt.
       *[other] Entscheidet die Moderation nicht anders, wird es <t:{ NUMBER($until_s, useGrouping: 0) }:R> wieder gezeigt.
    } Wer es gemacht hat, kann es weiterhin löschen.
error-result-not-moderated = #{ $number } ist in einem Kanal, den du nicht moderierst, oder nur für das Mitglied selbst sichtbar. Nichts wurde geändert.
error-already-hidden = #{ $number } ist schon verborgen, durch <@{ $by }>. Nichts wurde geändert.
error-not-hidden = #{ $number } ist nicht verborgen. Nichts wurde geändert.
error-report-own = #{ $number } ist dein eigenes Bild: Du kannst es löschen, darunter oder in /verlauf.
error-report-again = Du hast #{ $number } schon gemeldet; die Moderation weiß davon.
error-reports-of-day = Du hast in den letzten 24 Stunden { $most } Meldungen gemacht, so viele, wie ein Mitglied machen kann. Wenn diese nicht warten kann, schreib jemandem von der Moderation.
error-report-not-ours = Ich kann nur Meldungen zu Bildern weitergeben, die ich gemacht habe. Für jede andere Nachricht hat Discord eine eigene Meldung: „Nachricht melden“ im selben Menü.
error-case-unknown = So eine Meldung gibt es in diesem Server nicht.
error-case-action-taken = <@{ $by }> hat das schon getan. Nichts wurde geändert.
error-case-dismissed = <@{ $by }> hat diese Meldung schon abgewiesen. Nichts wurde geändert.
error-case-upheld = <@{ $by }> hat auf diese Meldung schon reagiert; sie lässt sich nicht mehr abweisen. Nichts wurde geändert.
error-powers-unknown = Discord sagt mir gerade nicht, was <@{ $member }> auf diesem Server darf, und wer ihn verwaltet, darf nicht gesperrt werden. Drücke gleich noch einmal oder nimm /mod sperren. Es wurde nichts geändert.
error-case-own = In dieser Meldung geht es um dein eigenes Bild; jemand anderes entscheidet. Nichts wurde geändert.

result-hidden = **#{ $number }** von { $requester } ist von der Moderation dieses Servers verborgen.
button-hidden-why = Warum?
history-hidden = Von der Moderation dieses Servers verborgen. Warum, sagt seine Nummer: /zeigen
mod-hidden = #{ $number } von { $author } ist verborgen: Niemand bekommt die Bilder oder den Prompt zu sehen, und die Nachrichten verlieren beides. Das Mitglied erfährt, warum. /mod zeigen zeigt es wieder.
mod-shown = #{ $number } wird wieder gezeigt.
mod-warned = <@{ $member }> liest das unter der Antwort auf den nächsten Befehl. { $count ->
        [1] Es ist die erste Verwarnung hier.
       *[other] Es sind { $count } Verwarnungen hier.
    }

menu-report = Dieses Bild melden
more-report = Melden
form-report-title = Dieses Bild melden
form-report-reason = Was stimmt damit nicht?
form-report-reason-description = Nur die Moderation dieses Servers sieht das, und wer meldet.
form-report-words = In deinen Worten
form-report-words-description = Das kannst du leer lassen.
report-reason-shows-me = Es zeigt mich
report-reason-mine = Es ist meins, ohne Erlaubnis verwendet
report-reason-minor = Sexuell, mit Minderjährigen
report-reason-sexual = Sexuell
report-reason-hateful = Hasserfüllt
report-reason-other = Etwas anderes
reason-shows-me = zeigt jemanden, der das nicht möchte
reason-mine = ein Bild von jemandem, ohne Erlaubnis verwendet
reason-minor = sexuell, mit Minderjährigen
reason-sexual = sexuell
reason-hateful = hasserfüllt
reason-other = etwas anderes
report-done = Danke. Die Moderation dieses Servers sieht sich #{ $number } an. { $hides ->
        [until] Bis dahin ist es für alle verborgen; entscheidet niemand, wird es <t:{ NUMBER($until_s, useGrouping: 0) }:R> wieder gezeigt.
        [kept] Bis zur Entscheidung ist es für alle verborgen.
       *[no] Bis zur Entscheidung bleibt es, wo es ist.
    } Was daraus wird, liest du unter der Antwort auf einen späteren Befehl.

case-title = **Meldung** · #{ $number } von { $author } in { $channel } · [die Nachricht]({ $link })
case-report = { $reporter }: **{ $reason }** (Bild { $position })
case-more-reports = … und { $count ->
        [one] eine weitere Meldung
       *[other] { $count } weitere Meldungen
    }
case-is-deleted = Das Bild ist gelöscht.
case-is-hidden = { $kind ->
        [moderator] Das Bild ist verborgen.
       *[reports] { $until_s ->
            [0] Das Bild wurde sofort verborgen und bleibt es, bis ihr entscheidet.
           *[other] Das Bild wurde sofort verborgen. Entscheidet niemand, wird es <t:{ NUMBER($until_s, useGrouping: 0) }:R> wieder gezeigt.
        }
    }
case-not-posted = Ein Bild, das so gemeldet wurde, poste ich kein zweites Mal, auch hier nicht. { $hidden ->
        [yes] Es ist verborgen, also kann es niemand mehr ansehen; nur wer diesen Bot betreibt, hat die Datei noch. Im Zweifel lösche es.
       *[no] Wer { $channel } sieht, kann es in seiner Nachricht ansehen. Im Zweifel lösche es.
    }
case-alt-text = Das gemeldete Bild
case-done-hide = { $by } hat das Bild verborgen
case-done-delete = { $by } hat das Bild gelöscht
case-done-dismiss = { $by } hat die Meldung abgewiesen
case-done-warn = { $by } hat das Mitglied verwarnt
case-done-timeout = { $by } hat dem Mitglied eine Auszeit gegeben
case-done-ban = { $by } hat das Mitglied gesperrt
case-reason = dein Bild #{ $number } wurde gemeldet ({ $reason }), und die Moderation hat zugestimmt
case-did-hide = #{ $number } ist verborgen; { $author } erfährt, warum.
case-did-delete = #{ $number } ist gelöscht, mit jeder Nachricht, die es zeigt; { $author } erfährt es.
case-did-dismiss = Die Meldung ist abgewiesen. Was sie von selbst verborgen hat, wird wieder gezeigt, und 30 Tage lang verbergen Meldungen dieses Mitglieds nichts von selbst.
case-did-warn = { $author } liest unter der Antwort auf den nächsten Befehl eine Verwarnung.
case-did-timeout = { $author } macht hier 24 Stunden keine Bilder; offene Aufträge endeten und wurden zurückgegeben.
case-did-ban = { $author } macht hier keine Bilder, bis jemand die Sperre aufhebt; offene Aufträge endeten und wurden zurückgegeben.
button-case-hide = Verbergen
button-case-delete = Löschen …
button-case-dismiss = Abweisen
button-case-warn = Verwarnen
button-case-timeout = Auszeit 24 h
button-case-ban = Sperren
button-case = #{ $number } öffnen
cases-title = Meldungen, die auf eine Entscheidung warten
cases-none = Keine Meldung wartet auf eine Entscheidung.
cases-row = #{ $number } von { $author }: { $reason } · { $count ->
        [one] eine Meldung
       *[other] { $count } Meldungen
    } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
notice-reports-wait = { $count ->
        [one] Eine Meldung wartet
       *[other] { $count } Meldungen warten
    } auf eine Entscheidung: /mod meldungen. Wähle in /admin einrichten einen Kanal für die Moderation, dann werden solche Meldungen dort gepostet.

told-warning = **Eine Verwarnung von der Moderation dieses Servers:** { $reason }. { $count ->
        [1] Es ist deine erste hier.
       *[other] Du hast { $count } hier.
    }
told-hidden = Dein Bild #{ $number } ist verborgen: { $reason }. { $until_s ->
        [0] Es bleibt verborgen, bis jemand von der Moderation es wieder zeigt.
       *[other] Die Moderation entscheidet; sonst wird es <t:{ NUMBER($until_s, useGrouping: 0) }:R> wieder gezeigt.
    } Wenn du das für falsch hältst, schreib der Moderation dieses Servers.
told-shown = Dein Bild #{ $number } wird wieder gezeigt.
told-deleted = Die Moderation dieses Servers hat dein Bild #{ $number } gelöscht.
told-report-upheld = Du hast #{ $number } gemeldet: Die Moderation hat zugestimmt und gehandelt. Danke.
told-report-dismissed = Du hast #{ $number } gemeldet: Die Moderation hat es sich angesehen und lässt es, wie es ist. 30 Tage lang verbergen deine Meldungen nichts von selbst; gelesen werden sie trotzdem.

audit-warn = { $actor } hat { $member } verwarnt
audit-hide = { $actor } hat #{ $number } von { $member } verborgen
audit-hide-reported = Eine Meldung von { $actor } hat #{ $number } von { $member } verborgen
audit-show = { $actor } hat #{ $number } von { $member } wieder gezeigt
audit-show-again = #{ $number } von { $member } wurde wieder gezeigt, da niemand entschieden hat
audit-delete-reported = { $actor } hat die gemeldete #{ $number } von { $member } gelöscht
audit-dismiss = { $actor } hat eine Meldung zu #{ $number } von { $member } abgewiesen

audit-title = Was hier geändert und entschieden wurde
audit-since = seit <t:{ NUMBER($at_s, useGrouping: 0) }:d>
audit-nothing = Nichts davon ist vermerkt.
button-newest = Neueste
