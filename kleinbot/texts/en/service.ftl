## What `python bot.py service` says.

service-file = { $file }:
service-written = { $file } is written.
service-switch-on = { $kind ->
        [system] Switch it on: systemctl daemon-reload && systemctl enable --now kleinbot. Its log: journalctl -u kleinbot
        [user] Switch it on: systemctl --user daemon-reload && systemctl --user enable --now kleinbot. So that it also runs while you are logged out: loginctl enable-linger. Its log: journalctl --user -u kleinbot
       *[windows] Switch it on: schtasks /Create /TN kleinbot /XML "{ $file }". It starts when you log on. (Unmeasured: kleinbot's tests run on Linux.)
    }
service-only-here = Set in this terminal alone, so the service will not see it: { $names }. Put it into .env or kleinbot.toml.
service-none = { $file } is not there, so there is nothing to remove.
service-removed = { $file } is removed.
service-switch-off = { $kind ->
        [system] Stop what runs: systemctl stop kleinbot; systemctl daemon-reload
        [user] Stop what runs: systemctl --user stop kleinbot; systemctl --user daemon-reload
       *[windows] Take it out of the Task Scheduler: schtasks /Delete /TN kleinbot
    }
