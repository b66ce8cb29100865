## What the owner decides about single servers.

error-server-banned = The host of this bot does not serve this server any more; only they can change that. Nothing was charged, and what was waiting is given back.
error-server-already-banned = That server is banned already; /host unban serves it again. Nothing was changed.
error-server-not-banned = That server is not banned. Nothing was changed.
error-no-host-line = There is no line to take back. Say it with `text`. Nothing was changed.

host-server-banned = { $row } · **banned** { $reason }
host-banned = **{ $server }** is not served any more: every command there is answered with one sentence, its jobs end, and what was not finished is given back. I stay there; /host unban takes this back.
host-unbanned = **{ $server }** is served again.
host-line-left = { $scope ->
        [one] Every admin of **{ $server }** reads this once, below their next /admin answer: { $text }
       *[all] Every admin of every server reads this once, below their next /admin answer: { $text }
    }
host-line-withdrawn = { $scope ->
        [one] The line for **{ $server }** is taken back; who has not read it will not.
       *[all] The line for all servers is taken back; who has not read it will not.
    }
notice-host-line = **From this bot's host:** { $text }

audit-server-ban = The host stopped serving this server
audit-server-unban = The host serves this server again
audit-host-line = The host left a line for the admins

host-ban-name = ban
host-ban-description = Serve a server no longer; its jobs end and are given back
host-ban-reason-name = reason
host-ban-reason-description = Why, for your own memory; nobody there is told
host-unban-name = unban
host-unban-description = Serve a banned server again
host-line-name = line
host-line-description = Leave a line that admins read once below their next /admin answer
host-line-text-name = text
host-line-text-description = What they should read; left out, the line is taken back
host-line-server-description = Whose admins (those of every server when left out)
