## Was `python bot.py doctor` sagt.

doctor-ok = gut
doctor-warning = Warnung
doctor-problem = Problem
doctor-starts = Der Bot würde starten.
doctor-sandbox-starts = Die Sandbox würde starten: { PROGRAM() }. So geht der Bot auf Discord online: Lege auf https://discord.com/developers/applications eine Anwendung an und drücke dort auf der Seite Bot auf Reset Token; schreib DISCORD_TOKEN=… hier in eine Datei namens .env; rufe { PROGRAM() } doctor noch einmal auf, dann nennt er den Link, mit dem du den Bot einlädst; dann { PROGRAM() } run.
doctor-sandbox-does-not-start = Die Sandbox würde nicht starten: Behebe, was als Problem markiert ist.
doctor-does-not-start = Der Bot würde nicht starten: Behebe, was als Problem markiert ist.

doctor-topic-settings = Einstellungen
doctor-topic-python = Python
doctor-topic-torch = PyTorch
doctor-topic-libraries = Bibliotheken
doctor-topic-intake = Bilder lesen
doctor-topic-card = Grafikkarte
doctor-topic-driver = Treiber
doctor-topic-card-memory = Grafikspeicher
doctor-topic-host-memory = Arbeitsspeicher
doctor-topic-disk = Festplatte
doctor-topic-weights = Gewichte
doctor-topic-classifier = Klassifikator
doctor-topic-mode = Wie das Modell liegt
doctor-topic-reason = Warum
doctor-topic-profile = Profil
doctor-topic-peaks = Vorhergesagte Spitzen
doctor-topic-token = Token
doctor-topic-clock = Uhr
doctor-topic-servers = Server
doctor-topic-data-folder = Datenordner
doctor-topic-database = Datenbank
doctor-topic-archive = Archiv

doctor-not-looked-at = Nicht angesehen: Das hängt von den Einstellungen ab, die zuerst in Ordnung gebracht werden müssen.
doctor-settings = { $sentence }
doctor-settings-open = Andere Konten dieses Rechners können { $file } lesen, worin das Token des Bots stehen kann. Rufe auf: chmod 600 { $file }
doctor-python = Python { $version } auf { $system }.
doctor-python-windows = Python { $version } auf { $system }. kleinbot läuft unter Windows, aber Tempo und Speicher sind dort nicht gemessen.
doctor-torch = PyTorch { $version }, { $cuda ->
        [none] für die CPU
       *[other] für CUDA { $cuda }
    }.
doctor-torch-for-card = PyTorch { $version } für CUDA { $cuda } hat Kernel für { $card }.
doctor-torch-broken = PyTorch lässt sich nicht nutzen: { $reason }. Installiere es neu: { PIP() } install --force-reinstall "torch<2.14"
doctor-libraries = { $libraries }.
doctor-intake = Bilder von Mitgliedern werden in eigenen Prozessen gelesen, mit jeweils höchstens { NUMBER($most_mib, useGrouping: 0) } MiB.
doctor-intake-away = Kein Prozess, der Bilder liest, ist hochgekommen, deshalb würden Bearbeitungen und Variationen angehängter Bilder abgelehnt. Sieh nach, ob dieses Python ({ $python }) ein weiteres starten darf, und welche Grenzen für Prozesse und Speicher gelten (ulimit -a, oder die der Unit).
doctor-library-missing = { $library } ist nicht installiert. Führe aus: { INSTALL() }
doctor-library-old = { $library } { $version } ist zu alt; nötig ist { $wanted } oder neuer. Führe aus: { INSTALL() } --upgrade
doctor-library-new = { $library } { $version } ist neuer als alles, womit kleinbot erprobt ist (unter { $untried }). Wenn etwas nicht geht, führe aus: { INSTALL() } --upgrade
doctor-card = { $card }, Compute Capability { $capability }.
doctor-card-unmeasured = { $card }, Compute Capability { $capability }. Ungemessen: kleinbot ist nur auf H100 und H200 gemessen; wie schnell es auf dieser Karte ist, ist nicht bekannt, und ihr Speicherbedarf ist aus jenen vorhergesagt.
doctor-card-none = Keine Grafikkarte von NVIDIA gefunden; es zeichnet der Prozessor.
doctor-card-none-windows = Keine Grafikkarte von NVIDIA gefunden; es zeichnet der Prozessor. Wenn eine da ist, installiere den Treiber von NVIDIA.
doctor-card-not-found = Keine Grafikkarte von NVIDIA gefunden. Wenn eine da ist, installiere den Treiber von NVIDIA; wenn nicht, lass KLEINBOT_DEVICE weg.
doctor-card-lost = Der Treiber zählt noch eine Grafikkarte, die er nicht zeigt (NVML antwortet { NUMBER($number, useGrouping: 0) }); der Bot kommt ohne sie aus. Sieh nach, was nvidia-smi sagt; oft bringt ein Neustart dieses Rechners sie zurück.
doctor-card-several = Der Bot nutzt { $card }, die geeignetste, und nicht { $others }. Mit CUDA_VISIBLE_DEVICES wählst du eine andere (mit CUDA_DEVICE_ORDER=PCI_BUS_ID sind es die Nummern von nvidia-smi).
doctor-driver = NVIDIA-Treiber { $version }.
doctor-card-memory = { $free } von { $total } GiB sind frei; davon kann torch { $usable } GiB nutzen.
doctor-card-left-free = KLEINBOT_LEAVE_FREE_GIB hält { $left } GiB der Karte für andere Programme frei; das Profil wird für den Rest gewählt.
doctor-card-memory-held = { $held } von { $total } GiB belegen andere Programme ({ $programs }); für torch bleiben { $usable } GiB. Schließe ein Spiel oder ein anderes Modell, dann geht ein besseres Profil.
doctor-card-memory-untold = Der Bot läuft, und Windows verrät nicht, was er von der Grafikkarte belegt; die Zahlen hier sind deshalb die einer leeren. Halte den Bot an und frage noch einmal, um zu sehen, was andere Programme ihm lassen.
doctor-host-memory = { $available } von { $total } GiB sind verfügbar.
doctor-host-memory-low = { $available } von { $total } GiB sind verfügbar, bequem wären { $wanted }. Schließe andere Programme, oder rechne mit einem langsamen Start.
doctor-disk = { $free } GiB sind frei bei { $folder }.
doctor-disk-low = Nur { $free } GiB sind frei bei { $folder }. Schaffe bald Platz: Dort liegen die Bilder.
doctor-disk-full = Nur { $free } GiB sind frei bei { $folder }, darum würde nichts gezeichnet. Schaffe Platz, oder setze KLEINBOT_DATA_FOLDER auf eine andere Festplatte.
doctor-disk-unknown = Wie viel bei { $folder } frei ist, lässt sich nicht feststellen.
doctor-weights-small = Das kleine Modell, das dabei ist, vollständig. Es zeichnet farbige Formen in 256×256.
doctor-weights-left-alone = KLEINBOT_WEIGHTS ({ $weights }) wird nicht benutzt: Keine Grafikkarte kann sie hier ausführen (siehe oben und unten), und auf der CPU brauchten sie { $needed } GiB Arbeitsspeicher. Stattdessen zeichnet das kleine Modell, das dabei ist, farbige Formen. KLEINBOT_DEVICE=cpu nimmt die Gewichte trotzdem, wo so viel verfügbar ist.
doctor-weights-left-alone-unseen = KLEINBOT_WEIGHTS ({ $weights }) wird nicht benutzt: Keine Grafikkarte kann sie hier ausführen (siehe oben und unten); was sie enthalten, wird erst angesehen, wenn es eine kann. Stattdessen zeichnet das kleine Modell, das dabei ist, farbige Formen.
doctor-weights-folder = Vollständig, nach ihren Kopfdaten: { $folder }
doctor-classifier-off = Aus: niemand sieht sich die Bilder vor den Mitgliedern an. KLEINBOT_CLASSIFIER schaltet ihn ein.
doctor-classifier-small = Aus: das kleine Modell malt Formen, die niemand beurteilen muss.
doctor-classifier-here = { $model } beurteilt jedes Bild, bevor es jemand sieht, auf dem Prozessor; das braucht { $memory } GB Arbeitsspeicher. Wie oft er sich irrt, ist nicht gemessen.
doctor-classifier-download = { $model } beurteilt jedes Bild, bevor es jemand sieht. Der Start lädt { $size } GB; das braucht { $memory } GB Arbeitsspeicher und für jedes Bild Zeit des Prozessors: für das vorgegebene Modell nicht gemessen. Wie oft er sich irrt, ist auch nicht gemessen. KLEINBOT_CLASSIFIER=off lehnt ihn ab.
doctor-classifier-download-unknown = { $model } beurteilt jedes Bild, bevor es jemand sieht. Der Start lädt ihn. KLEINBOT_CLASSIFIER=off lehnt ihn ab.
doctor-weights-download = { $repository } ist noch nicht vollständig hier. Der Start lädt { $size } GB nach { $folder }.
doctor-weights-no-disk = Von { $repository } sind noch { $size } GB zu laden, aber bei { $folder } sind nur { $free } GB frei. Schaffe Platz, oder setze HF_HOME auf eine andere Festplatte.
doctor-weights-unreachable = { $repository } ist nicht vollständig hier, und der Start könnte den Rest jetzt nicht herunterladen: { $reason }. Prüfe das Netz dieses Rechners und den Namen des Repositorys, oder zeige mit KLEINBOT_WEIGHTS auf einen Ordner.
doctor-weights-offline = { $repository } ist nicht vollständig hier, und HF_HUB_OFFLINE verbietet den Download. Entferne es, oder zeige mit KLEINBOT_WEIGHTS auf einen Ordner.
doctor-mode = { $where ->
        [cpu] Es zeichnet der Prozessor
        [moved] Das Modell wartet im Arbeitsspeicher oder auf der Platte und kommt für jedes Bild Teil für Teil auf die Grafikkarte
       *[card] Das Modell bleibt auf der Grafikkarte
    }, { $format ->
        [float32] in 32 Bit
        [plain] in 16 Bit (BF16)
        [fp8] in 8 Bit (FP8)
       *[eight] in 8 Bit
    }{ $encoder ->
        [eight] ; sein Text-Encoder in 8 Bit
        [plain] ; sein Text-Encoder in 16 Bit
        [memory] ; sein Text-Encoder wartet im Arbeitsspeicher
        [disk] ; sein Text-Encoder wartet auf der Platte
       *[same] {""}
    }{ $base ->
        [yes] ; daneben der Basis-Checkpoint für /imagine qualität:best
       *[no] {""}
    }{ $compiled ->
        [yes] ; kompiliert
        [fused] ; in eigenen Kernels
       *[no] {""}
    }.
doctor-why-not-larger = Ganz in 16 Bit bräuchte es { $needed } GiB; nutzbar sind { $usable } GiB.
doctor-why-memory-not-time = Auf dieser Grafikkarte sparen 8 Bit Speicher, keine Zeit: { $reason ->
        [card] Sie kann nicht in FP8 rechnen.
        [windows] PyTorch für Windows fehlt ein Teil der FP8-Rechnung, die die Karte selbst beherrscht.
       *[format] Diese Gewichte werden für jedes Produkt in 16 Bit verwandelt.
    }
doctor-why-fp8 = Diese Grafikkarte rechnet selbst in FP8; 8 Bit sparen also Speicher und kosten keine Zeit.
doctor-why-encoder-moved = Der Text-Encoder passt nicht neben den Rest; deshalb gehen für jedes Bild { $gib } GiB { $place ->
        [disk] von der Platte
       *[memory] aus dem Arbeitsspeicher
    } auf die Grafikkarte. Was das hier kostet, sagt { PROGRAM() } bench.
doctor-why-compiled = Das Kompilieren dauert beim ersten Start etwa eine Minute und macht jedes Bild schneller.
doctor-why-fused = Eigene Kernels machen jedes Bild schneller, und der Start dauert Sekunden statt Minuten: Es wird nichts kompiliert.
doctor-why-no-compiler = Kompiliert wäre das Modell auf dieser Grafikkarte schneller, aber { $system ->
        [windows] das Paket triton-windows ist nicht installiert. Rufe auf: { PIP() } install triton-windows
       *[other] Triton oder ein C-Compiler fehlt. Installiere einen, zum Beispiel: sudo apt install gcc
    }
doctor-why-smaller = Bilder von 1024×1024 passen nicht in das, was auf der Grafikkarte frei ist; sie sind deshalb höchstens { $side }×{ $side } groß. Andere Programme zu schließen kann helfen.
doctor-profile = { $profile }: Bilder bis { $side }×{ $side }, { $references ->
        [0] keine Bearbeitungen
        [one] Bearbeitungen mit einem Bild
       *[other] Bearbeitungen mit bis zu { $references } Bildern
    }, { $batch ->
        [one] eins nach dem anderen
       *[other] bis zu { $batch } auf einmal
    }, { $compiled ->
        [yes] kompiliert
        [fused] in eigenen Kernels
       *[other] nicht kompiliert
    }. Was besser wäre, braucht mehr Speicher, als frei ist: { $reason }.
doctor-profile-best = { $profile }: Bilder bis { $side }×{ $side }, { $references ->
        [0] keine Bearbeitungen
        [one] Bearbeitungen mit einem Bild
       *[other] Bearbeitungen mit bis zu { $references } Bildern
    }, { $batch ->
        [one] eins nach dem anderen
       *[other] bis zu { $batch } auf einmal
    }, { $compiled ->
        [yes] kompiliert
        [fused] in eigenen Kernels
       *[other] nicht kompiliert
    }. Nichts wäre hier besser.
doctor-peaks = Ein Bild von { $side }×{ $side }: Lesen { $encode }, Entrauschen { $denoise }, Dekodieren { $decode } GiB; eine Bearbeitung mit { $references ->
        [one] einer Referenz
       *[other] { $references } Referenzen
    } { $edit } GiB, von { $usable } GiB.
doctor-token-none = DISCORD_TOKEN ist nicht gesetzt, deshalb öffnet { PROGRAM() } die Sandbox: kleinbot ohne Discord, zum Ausprobieren. Sie hat ihre eigenen Daten.
doctor-token = Discord kennt ihn: { $name }.
doctor-token-unchecked = Seine Form stimmt, aber Discord ließ sich nicht fragen ({ $reason }). Prüfe das Netz dieses Rechners: der Bot startet und versucht es weiter, bis Discord antwortet.
doctor-clock = Sie weicht höchstens { $seconds } s von der von Discord ab.
doctor-clock-wrong = Sie geht { $seconds } s { $where ->
        [ahead] vor
       *[behind] nach
    }, verglichen mit der von Discord. Stelle sie, etwa über NTP: Jede Zeitangabe an Mitglieder ist um so viel falsch.
doctor-servers = In { $count ->
        [one] einem Server
       *[other] { $count } Servern
    } mit allen Rechten: { $servers }
doctor-servers-none = Der Bot ist in keinem der Server, in denen er arbeiten darf. Lade ihn ein: { $invitation }
doctor-servers-anybody = Jeder Discord-Server darf den Bot einladen und hier zeichnen lassen: KLEINBOT_ALLOWED_SERVERS ist leer und die Anwendung öffentlich. Nenne in KLEINBOT_ALLOWED_SERVERS die Kennungen deiner Server, oder schalte auf https://discord.com/developers/applications auf der Seite Bot „Public Bot“ aus.
doctor-servers-lacking = Rechte fehlen in { $servers }. Gib sie der Rolle des Bots, oder lade ihn neu ein: { $invitation }
doctor-data-folder = { $folder }
doctor-data-folder-new = { $folder } wird angelegt.
doctor-data-folder-open = Andere Konten dieses Rechners können { $places }{ $more ->
        [0] {""}
       *[other] {" "}und { $more } weitere
    } lesen. Der nächste Start des Bots verschließt sie, und mit dem Ordner jedes Bild darin. Steht das danach wieder hier, gehören sie einem anderen Konto: Rufe unter diesem chmod -R go= { $folder } auf.
doctor-database = Heil, Schema { $version }.
doctor-database-new = Noch keine; der erste Start legt sie an.
doctor-database-older = Heil, Schema { $found }; der nächste Start sichert sie und bringt sie auf { $known }.
doctor-archive = Es gehört zu dieser Datenbank: { $folder }
doctor-archive-empty = Noch keine Bilder.
doctor-database-damaged = { $file } ist nicht nutzbar: { $reason }. Spiele die neueste Sicherung ein, die daneben liegt.
