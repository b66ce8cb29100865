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
    } durch <@{ $by }>: { $reason }. Um das zu ändern, heb die Sperre zuerst mit /mod entsperren auf. Nichts wurde geändert.
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
mod-ban-row = { $kind ->
        [timeout] <@{ $member }>, Auszeit durch <@{ $by }> bis <t:{ NUMBER($until_s, useGrouping: 0) }:f>
       *[ban] { $until_s ->
            [0] <@{ $member }>, gesperrt durch <@{ $by }>
           *[other] <@{ $member }>, gesperrt durch <@{ $by }> bis <t:{ NUMBER($until_s, useGrouping: 0) }:f>
        }
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
