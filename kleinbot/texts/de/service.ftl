## Was `python bot.py service` sagt.

service-file = { $file }:
service-written = { $file } ist geschrieben.
service-switch-on = { $kind ->
        [system] Einschalten: systemctl daemon-reload && systemctl enable --now kleinbot. Das Protokoll: journalctl -u kleinbot
        [user] Einschalten: systemctl --user daemon-reload && systemctl --user enable --now kleinbot. Damit er auch läuft, wenn du abgemeldet bist: loginctl enable-linger. Das Protokoll: journalctl --user -u kleinbot
       *[windows] Einschalten: schtasks /Create /TN kleinbot /XML "{ $file }". Er startet, wenn du dich anmeldest. (Ungemessen: Die Tests von kleinbot laufen unter Linux.)
    }
service-only-here = Nur in diesem Terminal gesetzt, der Dienst sieht es also nicht: { $names }. Schreib es in .env oder kleinbot.toml.
service-none = { $file } ist nicht da, es gibt also nichts zu entfernen.
service-removed = { $file } ist entfernt.
service-switch-off = { $kind ->
        [system] Was läuft, beenden: systemctl stop kleinbot; systemctl daemon-reload
        [user] Was läuft, beenden: systemctl --user stop kleinbot; systemctl --user daemon-reload
       *[windows] Aus der Aufgabenplanung nehmen: schtasks /Delete /TN kleinbot
    }
