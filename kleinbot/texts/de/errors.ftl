error-unexpected = Bei mir ist etwas schiefgegangen. /quota zeigt, ob etwas berechnet wurde. Wenn es wieder passiert, nenne dem Betreiber des Bots diesen Code: { $incident }
error-command-changed = Dieser Befehl hat sich geändert, und dein Discord zeigt noch den alten. Versuch es in einer Minute noch einmal; bleibt es so, starte Discord neu. Es wurde nichts berechnet.
error-button-unknown = Dieser Knopf gehört zu einer anderen Version von mir, deshalb kann ich nicht tun, was darauf steht. Der Befehl dafür geht weiterhin. Es wurde nichts berechnet.

error-prompt-blank = Im Prompt steht nichts, was man sehen kann. Sag in ein paar Worten, was auf dem Bild zu sehen sein soll. Es wurde nichts berechnet.
error-prompt-empty = Ohne Steuerwörter bleibt vom Prompt nichts übrig. Sag in ein paar Worten, was auf dem Bild zu sehen sein soll.
error-prompt-too-long = Der Prompt ist { $tokens } Tokens lang, das Modell liest höchstens { $limit }. Kürze ihn um etwa { $excess } Wörter.
error-seed-out-of-range = Der Seed { $seed } liegt außerhalb des Bereichs. Nimm eine ganze Zahl von 0 bis 4294967295 oder lass ihn weg.
error-count-out-of-range = { $count } Bilder auf einmal gehen nicht. Wähle 1 bis { $most }.
error-not-in-a-server = Ich arbeite nur auf einem Server, nicht in Direktnachrichten.
error-server-not-allowed = Mein Betreiber hat mich für diesen Server nicht freigeschaltet. Bitte ihn, die ID des Servers in die Liste der erlaubten aufzunehmen.
error-quota-exhausted = Du hast im Moment noch { $left } von { $limit } Bildern und brauchst hierfür { $needed }: { quota-gives }. { $returns_s ->
        [0] So viele lässt sie nie auf einmal zu: Wähle weniger Bilder.
       *[other] Genug davon kommt <t:{ NUMBER($returns_s, useGrouping: 0) }:R> zurück.
    } Es wurde nichts berechnet.
error-quota-everywhere = Du hast in { $hours ->
        [one] der letzten Stunde
       *[other] den letzten { $hours } Stunden
    } { $spent } Bilder verbraucht, über alle Server zusammen, auf denen du mich benutzt; eine einzelne Person bekommt { $most }. Hierfür brauchst du { $needed }. { $returns_s ->
        [0] Wähle weniger Bilder.
       *[other] Genug davon kommt <t:{ NUMBER($returns_s, useGrouping: 0) }:R> zurück.
    } Es wurde nichts berechnet.
try-again = { $retry_at_s ->
        [0] Versuch es noch einmal, sobald ich wieder zeichne.
       *[other] Versuch es <t:{ NUMBER($retry_at_s, useGrouping: 0) }:R> noch einmal.
    }
try-again-or-cancel = { $retry_at_s ->
        [0] Versuch es noch einmal, sobald ich wieder zeichne, oder brich mit /abbrechen etwas ab.
       *[other] Versuch es <t:{ NUMBER($retry_at_s, useGrouping: 0) }:R> noch einmal oder brich mit /abbrechen etwas ab.
    }
error-line-full = Die Warteschlange ist gerade voll. { try-again } Es wurde nichts berechnet.
error-member-line-full = Du hast schon Arbeit für { $outstanding } Bilder in der Schlange, und ein Mitglied darf { $limit } haben. { try-again-or-cancel } Es wurde nichts berechnet.
error-server-line-full = Dieser Server hat schon Arbeit für { $outstanding } Bilder in der Schlange; mit deiner dürfen es höchstens { $limit } sein. { try-again } Es wurde nichts berechnet.
error-stopping = Mein Betreiber startet mich gerade neu, deshalb nehme ich nichts an. Versuch es in einer Minute noch einmal. Es wurde nichts berechnet.
error-engine-failed = Das Bildmodell ließ sich nicht starten, deshalb kann ich gerade nicht zeichnen. Warum, sieht mein Betreiber im Protokoll. Es wurde nichts berechnet.
error-does-not-fit = { $inputs ->
        [0] Ein Bild von { $size } passt nicht in den Speicher meiner Grafikkarte.
        [one] Ein Bild von { $size } aus einem Eingabebild passt nicht in den Speicher meiner Grafikkarte.
       *[other] Ein Bild von { $size } aus { $inputs } Eingabebildern passt nicht in den Speicher meiner Grafikkarte.
    } { $fits ->
        [0] { $fits_size ->
                [none] Auch nichts Kleineres passt: Sag es dem Betreiber des Bots.
               *[other] Ohne Eingabebilder passt { $fits_size }.
            }
        [one] Mit einem Eingabebild passt es.
       *[other] Mit { $fits } Eingabebildern passt es.
    } Es wurde nichts berechnet.
error-checkpoint-not-here = Das entstand in bester Qualität, und das Modell dafür hat dieser Betreiber nicht mehr. Nimm den Prompt in /imagine ohne sie. Es wurde nichts berechnet.
error-disk-full = Die Festplatte, auf der der Bot speichert, ist voll, deshalb ging das nicht: Nichts ist geändert und nichts berechnet. Versuch es noch einmal, sobald wieder Platz ist.
error-database-busy = Ein anderes Programm auf dem Rechner des Bots hält gerade seine Datenbank auf, deshalb ging das nicht: Nichts ist geändert und nichts berechnet. Versuch es in ein paar Sekunden noch einmal.

error-option-out-of-range = { $option } muss zwischen { NUMBER($least, useGrouping: 0) } und { NUMBER($most, useGrouping: 0) } liegen. Es wurde nichts geändert.
error-option-too-long = { $option } muss ein Text von höchstens { NUMBER($most, useGrouping: 0) } Zeichen sein. Es wurde nichts geändert.
error-option-not-offered = { $option } ist keiner der Werte, die der Befehl anbietet. Wähle einen aus seiner Liste. Es wurde nichts geändert.
error-job-unknown = Ich kenne hier keinen Auftrag { $job } von dir. /warteschlange zeigt, welche warten oder laufen.
error-job-not-here = Diesen Auftrag gibt es auf diesem Server nicht.
error-nothing-open = Bei dir wartet oder läuft nichts, also gibt es nichts abzubrechen.
error-job-not-yours = #{ $number } gehört jemand anderem. Abbrechen können das nur diese Person und die Moderation.
error-job-already-ended = #{ $number } ist schon beendet, da gibt es nichts abzubrechen.
error-cancelled-by-moderator = { $by ->
        [nobody] Die Moderation dieses Servers hat
       *[other] <@{ $by }> hat das als Moderation dieses Servers
    }{ $by ->
        [nobody] { " " }das abgebrochen.
       *[other] { " " }abgebrochen.
    }
error-cancelled-by-host = Der Betreiber des Bots{ $by ->
        [nobody] {""}
       *[other] { " " }(<@{ $by }>)
    } hat das abgebrochen.
error-server-left = Der Server hat den Bot entfernt.

error-render-failed = Das Bild ließ sich nicht zeichnen. Dir wurde nichts berechnet. Vielleicht klappt es beim nächsten Versuch; wenn nicht, sag dem Betreiber des Bots Bescheid.
error-out-of-memory = Der Grafikkarte ging bei diesem Bild der Speicher aus. Dir wurde nichts berechnet. Weniger oder kleinere Bilder passen vielleicht.
error-host-out-of-memory = Dem Rechner meines Betreibers ging bei diesem Bild der Arbeitsspeicher aus. Dir wurde nichts berechnet. Versuche es in ein paar Minuten noch einmal.
error-checkpoint-gone = Während dies wartete, hat mein Betreiber das Modell für beste Qualität entfernt; was fehlt, kann nicht mehr entstehen. Dir wurde dafür nichts berechnet. /imagine ohne beste Qualität geht weiterhin.
error-model-changed = Während dies wartete, ist mein Betreiber zu einem anderen Modell gewechselt, das dies nicht so machen kann, wie du es bestellt hast. Was fehlt, wurde dir nicht berechnet. Ein neuer Befehl fragt das Modell, das jetzt zeichnet.
error-gave-up-after-crashes = Der Bot ist bei diesem Bild { $times }-mal abgebrochen, deshalb habe ich es aufgegeben. Dir wurde nichts berechnet.

error-picture-not-an-image = Diese Datei ist kein Bild. Hänge ein PNG, JPEG, WebP, GIF oder AVIF an.
error-picture-truncated = Dieses Bild ist unvollständig oder beschädigt. Speichere es neu und hänge die neue Datei an.
error-picture-too-many-bytes = Diese Datei ist zu groß. Erlaubt sind 20 MiB.
error-picture-too-many-pixels = Dieses Bild hat zu viele Pixel. Erlaubt sind { $limit_megapixels } Megapixel; verkleinere es vorher.
error-picture-too-small = Dieses Bild ist zu klein. Jede Seite braucht mindestens 64 Pixel.
error-picture-too-narrow = Dieses Bild ist zu lang und schmal. Eine Seite darf höchstens achtmal so lang sein wie die andere.
error-picture-format-unsupported = Diese Art von Bild kann ich nicht lesen. Hänge ein PNG, JPEG, WebP, GIF oder AVIF an.
error-picture-png-of-xcode = Dieses PNG wurde für iPhone-Apps umgeschrieben (CgBI), das lesen nur Programme von Apple. Öffne es auf einem Mac oder iPhone, speichere es neu als PNG oder JPEG und hänge das an.
error-picture-unreachable = Ich konnte das Bild nicht von Discord holen. Hänge es noch einmal an.
error-picture-host-refused = Ich hole nur Bilder, die bei Discord liegen: Hänge es an, oder füge einen Link zu einem Bild bei cdn.discordapp.com ein.
error-picture-took-too-long = Dieses Bild zu lesen hat zu lange gedauert, deshalb habe ich aufgehört. Speichere es neu als PNG oder JPEG. Es wurde nichts berechnet.
error-picture-took-too-much-memory = Dieses Bild zu lesen braucht mehr Speicher, als ich benutzen darf, deshalb habe ich aufgehört. Speichere es neu als PNG oder JPEG, oder verkleinere es vorher. Es wurde nichts berechnet.
error-picture-stopped-its-reader = Ich konnte dieses Bild nicht lesen: Das Programm, das Bilder liest, ist daran abgestürzt. Speichere es neu als PNG oder JPEG. Es wurde nichts berechnet.
error-picture-reader-away = Ich kann gerade kein Bild lesen. Versuch es in einer Minute noch einmal; bleibt es so, sag es dem Betreiber des Bots. Es wurde nichts berechnet.
error-downloads-of-member = { $files ->
        [one] Eine Datei von dir ist
       *[other] { $files } Dateien von dir sind
    } schon auf dem Weg zu mir; warte, bis eine da ist. Es wurde nichts berechnet.
error-downloads-full = Gerade sind zu viele Dateien auf dem Weg zu mir. Versuch es in einer Minute noch einmal. Es wurde nichts berechnet.
error-pictures-too-many = Ich lese gerade andere Bilder, und es ist kein Platz mehr zum Warten. Versuch es in einer Minute noch einmal. Es wurde nichts berechnet.

error-weights-missing = Im Ordner { $folder } fehlt { $file }. Lass KLEINBOT_WEIGHTS auf eine vollständige Kopie von FLUX.2 [klein] 4B zeigen, oder auf black-forest-labs/FLUX.2-klein-4B, um sie herunterzuladen.
error-weights-none = Im Ordner { $folder } liegen keine Gewichte von FLUX.2 [klein] 4B: weder eine Kopie von black-forest-labs/FLUX.2-klein-4B (model_index.json und die Ordner daneben) noch einzelne Dateien wie im Ordner von ComfyUI (flux-2-klein-4b.safetensors oder die FP8-Datei davon, qwen_3_4b.safetensors und flux2-vae.safetensors). Lass KLEINBOT_WEIGHTS auf einen Ordner zeigen, der sie hat, oder auf black-forest-labs/FLUX.2-klein-4B, um sie herunterzuladen.
error-weights-not-klein = In { $file } steht { $found }, FLUX.2 [klein] 4B braucht aber { $wanted }. Lass KLEINBOT_WEIGHTS auf eine Kopie von FLUX.2 [klein] 4B zeigen.
error-weights-other-model = { $file } ist { $found }; ich zeichne nur mit FLUX.2 [klein] 4B. Gib in KLEINBOT_WEIGHTS einen Ordner mit dessen Gewichten an, oder lass es weg, um sie herunterzuladen.
error-weights-klein-9b = { $file } gehört zu FLUX.2 [klein] 9B, dessen Lizenz gewerbliche Nutzung verbietet. Nimm FLUX.2 [klein] 4B: black-forest-labs/FLUX.2-klein-4B.
error-weights-wrong-vae = { $file } ist nicht der VAE von FLUX.2 ({ $found } statt { $wanted }). Mit einem anderen VAE werden die Farben blass. Nimm vae/ aus black-forest-labs/FLUX.2-klein-4B.
error-weights-wrong-text-encoder = { $file } ist nicht der Text-Encoder von FLUX.2 [klein] 4B ({ $found } statt { $wanted }). Nimm text_encoder/ aus black-forest-labs/FLUX.2-klein-4B.
error-weights-quantisation-unknown = { $file } ist auf eine Art quantisiert, die ich nicht kenne ({ $found }). Nimm flux-2-klein-4b-fp8.safetensors aus black-forest-labs/FLUX.2-klein-4b-fp8, qwen_3_4b.safetensors oder die einfachen Gewichte aus black-forest-labs/FLUX.2-klein-4B.
error-weights-tokenizer-missing = Die Gewichte sind da, aber kein Tokenizer: Ich habe hier gesucht: { $places }. Lege den Ordner tokenizer aus black-forest-labs/FLUX.2-klein-4B (16 MB) daneben, oder lass KLEINBOT_WEIGHTS auf den Ordner von ComfyUI zeigen, in dem einer ist.
error-weights-no-checkpoint = Die Gewichte des Modells { $checkpoint } sind nicht da, nur: { $found }. Füge sie hinzu, oder stelle das Profil auf das, was da ist. Das Base-Modell ist black-forest-labs/FLUX.2-klein-base-4B, das destillierte black-forest-labs/FLUX.2-klein-4B.
error-weights-base-alone = { $place } enthält nur das Base-Modell von FLUX.2 [klein] 4B, aber alle Bilder außer denen mit quality:best macht das destillierte. Setze KLEINBOT_WEIGHTS=black-forest-labs/FLUX.2-klein-4B; das bringt das Base-Modell mit, wo die Grafikkarte Platz für beide hat. Oder lege flux-2-klein-4b.safetensors (oder die FP8-Datei davon) in deinen Ordner.
error-weights-damaged = { $file } ist beschädigt oder unvollständig. Erwartet: { $wanted }; gefunden: { $found }. Lösche die Datei und lade sie neu herunter.
error-weights-kept-damaged = { $file }, die aufbewahrten 8-Bit-Gewichte, hatte sich auf der Platte verändert und ist entfernt. Woraus sie gemacht war, wird neu geholt. Wenn das öfter vorkommt, prüfe Platte und Speicher dieses Rechners.
error-weights-unreadable = { $file } ließ sich nicht lesen: { $reason }. Die Datei selbst kann heil sein, behalte sie also; ich versuche es von selbst wieder. Wenn es so bleibt, sieh nach ihren Rechten, nach der Platte, auf der sie liegt, und nach dem Speicher dieses Rechners.
error-weights-unreachable = { $repository } ließ sich nicht herunterladen: { $reason }. Was schon da ist, bleibt; ein neuer Start macht dort weiter.
error-weights-refused = { $repository } lässt sich nicht herunterladen: { $reason }. Prüfe den Namen in KLEINBOT_WEIGHTS und das Token in HF_TOKEN, oder gib in KLEINBOT_WEIGHTS einen Ordner an; starte dann neu.
error-weights-settings = { $repository } lässt sich mit den Einstellungen dieses Rechners nicht herunterladen: { $reason }. Behebe das und starte neu, oder gib in KLEINBOT_WEIGHTS einen Ordner an.
error-weights-cache-unusable = Heruntergeladenes kann nicht in { $folder } liegen: { $reason }. Setze HF_HOME auf einen Ordner, in den ich schreiben darf, und starte neu.
error-weights-no-checkout = { $repository } ist kein diffusers-Checkout von FLUX.2 [klein] 4B: { $file } fehlt darin. Setze KLEINBOT_WEIGHTS=black-forest-labs/FLUX.2-klein-4B, oder lass es weg. Nichts wurde heruntergeladen.
error-weights-no-room = Die Gewichte brauchen { $wanted_gb } GB in { $folder }, frei sind { $free_gb } GB. Schaffe Platz, oder setze HF_HOME auf einen Ordner auf einer größeren Platte. Was schon da ist, bleibt; ein neuer Start macht dort weiter.
error-scratch-unusable = Gewichte, die ich für jedes Bild von der Platte lese, ließen sich nicht nach { $folder } schreiben: { $reason }. Sie brauchen dort { $wanted_gb } GB, frei sind { $free_gb } GB. Schaffe Platz oder sorge dafür, dass ich dort schreiben darf; ich versuche es von selbst wieder, spätestens alle zehn Minuten. Hat dieser Rechner genug Arbeitsspeicher, kommt KLEINBOT_PROFILE_TEXT_ENCODER_PLACEMENT=streamed ohne die Platte aus.
error-diffusers-too-old = Das installierte diffusers ist { $found }, FLUX.2 [klein] braucht { $wanted } oder neuer. Installiere es: { PIP() } install "diffusers>={ $wanted }"
error-torch-lacks-card = Dieses PyTorch ({ $torch }) hat keine Kernel für { $card } (Compute Capability { $capability }). Installiere eine passende Fassung: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
error-cuda-unavailable = Das Modell soll auf einer NVIDIA-Karte laufen, aber PyTorch ({ $torch }) findet keine, die es nutzen kann. Prüfe den Treiber und ob PyTorch eine CUDA-Fassung ist, oder setze KLEINBOT_DEVICE=cpu. Ein Bot, der online ist, sieht von selbst wieder nach, spätestens alle zehn Minuten.
error-torch-without-cuda = Dieses PyTorch ({ $torch }) ist nur für die CPU gebaut und kann { $card } nicht nutzen. Installiere eins für CUDA: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
error-driver-too-old = Der NVIDIA-Treiber { $driver } ist zu alt für dieses PyTorch (CUDA { $cuda }). Installiere Treiber { NUMBER($wanted, useGrouping: 0) } oder neuer.
error-driver-mismatch = Der NVIDIA-Treiber wurde im laufenden System erneuert, und seine Teile passen nicht mehr zueinander. Starte diesen Rechner neu.
error-driver-shows-no-card = Der NVIDIA-Treiber ist da, zeigt aber keine Karte (NVML antwortet { NUMBER($number, useGrouping: 0) }). Sieh nach, was nvidia-smi sagt; in einem Container braucht es die Hilfsprogramme des Treibers (NVIDIA_DRIVER_CAPABILITIES=compute,utility).
error-card-too-old = { $card } (Compute Capability { $capability }) kann nicht in BF16 rechnen; FLUX.2 [klein] braucht eine Karte der RTX-30-Reihe (8.0) oder neuer. Lass KLEINBOT_DEVICE weg: Dann zeichnet das kleine Modell, das dabei ist, auf der CPU.
error-waits-for-card = Bisher hat hier FLUX.2 [klein] gezeichnet, und jetzt ist keine Karte dafür da: { $problem ->
        [error-card-too-full] Auf { $card } sind { $free } von { $total } GiB frei, und selbst die kleinste Art ({ $profile }) braucht { $needed } GiB. Schließe das Spiel oder andere Programm, das den Rest belegt (nvidia-smi zeigt sie)
        [error-profile-no-room] Auf { $card } sind { $free } von { $total } GiB frei, und das Profil { $profile }, das die Einstellungen KLEINBOT_PROFILE_ verlangen, braucht { $needed } GiB. Schließe das Spiel oder andere Programm, das den Rest belegt (nvidia-smi zeigt sie), oder verlange weniger
        [error-card-too-old] { $card } (Compute Capability { $capability }) ist zu alt dafür. Baue eine Karte der RTX-30-Reihe (8.0) oder neuer ein
        [error-torch-without-cuda] Dieses PyTorch ({ $torch }) ist nur für die CPU gebaut und kann { $card } nicht nutzen. Installiere eins für CUDA: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
        [error-torch-lacks-card] Dieses PyTorch ({ $torch }) hat nichts für { $card } dabei. Installiere eins dafür: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
        [error-driver-too-old] Der NVIDIA-Treiber { $driver } ist zu alt für dieses PyTorch (CUDA { $cuda }). Installiere Treiber { NUMBER($wanted, useGrouping: 0) } oder neuer
        [error-driver-mismatch] Der NVIDIA-Treiber wurde im laufenden System erneuert. Starte diesen Rechner neu
        [error-driver-shows-no-card] Der NVIDIA-Treiber zeigt keine (NVML antwortet { NUMBER($number, useGrouping: 0) }). Sieh nach, was nvidia-smi sagt, und repariere den Treiber
       *[none] Weder der NVIDIA-Treiber noch PyTorch zeigt eine. Sieh nach, was nvidia-smi sagt, und repariere den Treiber; nach einer Aktualisierung des Treibers starte den Rechner neu
    }. Ich sehe von selbst wieder nach, spätestens alle zehn Minuten; was wartet, behält seinen Platz. Das kleine Modell, das dabei ist, zeichnet nicht stattdessen, es sei denn, du sagst es: KLEINBOT_DEVICE=cpu, ohne KLEINBOT_WEIGHTS, macht mit ihm weiter, und was wartet, wird erstattet.
error-waits-for-weights = Bisher hat hier FLUX.2 [klein] gezeichnet, und jetzt lassen sich seine Gewichte nicht lesen: { $file }: { $reason }. Sieh nach der Platte oder Netzfreigabe, auf der sie liegen. Ich sehe von selbst wieder nach, spätestens alle zehn Minuten; was wartet, behält seinen Platz.
error-cpu-no-memory = KLEINBOT_DEVICE ist cpu, wo die Gewichte bei KLEINBOT_WEIGHTS { $needed } GiB Arbeitsspeicher brauchen; verfügbar sind { $available } GiB. Lass KLEINBOT_WEIGHTS weg für das kleine Modell, das dabei ist, schließe andere Programme, oder setze KLEINBOT_PROFILE_TRANSFORMER und KLEINBOT_PROFILE_TEXT_ENCODER auf int8, das braucht weniger als die Hälfte davon.
error-start-out-of-memory = Beim Laden des Modells ging der Speicher aus: Das Profil { $profile } braucht etwa { $needed } GiB, frei sind { $free } GiB. Schließe das Spiel oder andere Programm, das den Rest belegt; ich versuche es von selbst wieder, spätestens alle zehn Minuten, vom zweiten Mal an mit einem kleineren Profil, wenn eines passt. Oder verlange selbst weniger: KLEINBOT_PROFILE_TEXT_ENCODER_PLACEMENT=streamed oder KLEINBOT_PROFILE_TRANSFORMER=int8.
error-start-host-out-of-memory = Beim Laden des Modells mit dem Profil { $profile } ging der Arbeitsspeicher dieses Rechners aus, nicht der Speicher der Grafikkarte: Frei waren { $available } GiB. Schließe andere Programme, erhöhe die Speichergrenze des Containers oder Dienstes oder vergrößere die Auslagerungsdatei; ich versuche es von selbst wieder, spätestens alle zehn Minuten.
error-runs-untuned = Auf diesem Rechner lässt sich das Modell nicht beschleunigen; es zeichnet einfach, und das ist langsamer. Der Grund: { $reason }
error-no-native-products = Torch oder die Grafikkarte dieses Rechners kann 8-Bit-Gleitkommazahlen nicht multiplizieren. Die Gewichte werden deshalb für jedes Produkt erweitert, das ist langsamer und braucht etwas mehr Speicher. Mit KLEINBOT_PROFILE_TRANSFORMER=int8 werden die Bilder bei gleicher Geschwindigkeit besser. Der Grund: { $reason }
error-products-wrong = Dieser Rechner rechnet mit 8-Bit-Gewichten falsch: Jedes Bild wäre Rauschen, deshalb zeichne ich keines. Erneuere den Grafiktreiber und torch oder verlange KLEINBOT_PROFILE_TRANSFORMER=plain und KLEINBOT_PROFILE_TEXT_ENCODER=plain; starte mich danach neu. Was ich fand: { $reason }
error-card-too-full = Auf { $card } sind { $free } von { $total } GiB frei, davon nutzbar { $usable } GiB. Selbst die kleinste Art ({ $profile }) braucht { $needed } GiB, während sie { $stage ->
        [encode] Prompts und Bilder liest
        [denoise] entrauscht
       *[other] dekodiert
    }. Schließe andere Programme, die die Grafikkarte nutzen (nvidia-smi zeigt sie), oder lass KLEINBOT_DEVICE weg: Dann zeichnet das kleine Modell, das dabei ist, auf der CPU.

error-profile-no-room = Das Profil { $profile }, das die Einstellungen KLEINBOT_PROFILE_ verlangen, braucht { $needed } GiB, während es { $stage ->
        [encode] Prompts und Bilder liest
        [denoise] entrauscht
       *[other] dekodiert
    }, aber von { $card } sind nur { $usable } GiB nutzbar ({ $free } von { $total } GiB sind frei). Verlange 8 Bit, einen gestreamten Text-Encoder, sparsames Dekodieren oder kleinere Bilder, oder lass diese Einstellungen weg.
error-profile-no-fp8 = KLEINBOT_PROFILE_NATIVE_FP8 ist an, aber { $card } (Compute Capability { $capability }) kann nicht in FP8 rechnen; das beginnt mit der RTX-40-Reihe (8.9). Lass die Einstellung weg: FP8-Gewichte werden dann Schicht für Schicht umgerechnet.
error-profile-native-without-fp8 = KLEINBOT_PROFILE_NATIVE_FP8 ist an, aber KLEINBOT_PROFILE_TRANSFORMER ist { $format }. Rechnen in FP8 braucht dort fp8.
error-profile-cpu-attention = KLEINBOT_PROFILE_ATTENTION ist cudnn; das braucht eine NVIDIA-Karte, das Modell läuft aber auf der CPU. Lass die Einstellung weg.
error-profile-no-compiler = KLEINBOT_PROFILE_{ $setting } ist an, aber hier kann nichts kompilieren. { $system ->
        [windows] Installiere das Paket triton-windows
       *[other] Installiere einen C-Compiler (zum Beispiel: apt install gcc) und ein PyTorch für CUDA, das Triton mitbringt
    }, oder lass die Einstellung weg.
error-profile-format-not-offered = KLEINBOT_PROFILE_TRANSFORMER ist { $format }, aber die Gewichte bei KLEINBOT_WEIGHTS liegen nicht so vor und lassen sich nicht so umwandeln. Lass die Einstellung weg, oder zeige mit KLEINBOT_WEIGHTS auf passende Gewichte.
error-profile-no-base = KLEINBOT_PROFILE_BASE_CHECKPOINT ist an, aber bei KLEINBOT_WEIGHTS liegt kein Base-Checkpoint. Lege flux-2-klein-base-4b.safetensors (oder die FP8-Datei davon) dorthin, oder lass die Einstellung weg.
error-profile-no-host-memory = Das Profil hält { $needed } GiB Gewichte im Arbeitsspeicher, der insgesamt { $total } GiB hat. Setze KLEINBOT_PROFILE_TEXT_ENCODER_PLACEMENT=disk, oder lass die Platzierung weg.
error-profile-batch-too-large = KLEINBOT_PROFILE_LARGEST_BATCH ist { $wanted }, aber in voller Größe passen nur { $fitting } Bilder zugleich auf die Grafikkarte. Verlange höchstens { $fitting }.

error-setting-invalid = { $setting } ist { $value }, das kann nicht gehen: { $reason }
error-token-missing = Es gibt kein Discord-Token. Schreib DISCORD_TOKEN=… in die Umgebung oder in eine Datei namens .env, oder probiere „{ PROGRAM() } sandbox“, das braucht keins.
error-token-refused = Discord hat das Token abgelehnt. Kopiere es im Entwicklerportal von Discord von der Bot-Seite deiner Anwendung neu nach DISCORD_TOKEN.
error-intents-refused = Discord erlaubt dieser Anwendung die Intents nicht, die der Bot verlangt (Schlusscode 4014). Er verlangt keine, die freigeschaltet werden müssen: Sieh im Entwicklerportal von Discord nach, ob die Anwendung noch in Ordnung ist, und starte den Bot dann neu.
error-gateway-refused = Discord hat die Verbindung beendet und nimmt von dieser Version des Bots keine neue an (Schlusscode { $close_code }). Aktualisiere kleinbot und seine Bibliotheken, und starte ihn dann neu.
error-start-disk-full = Bei { $folder } sind nur { $free } MiB frei, und { $needed } MiB braucht der Anfang. Mach dort Platz oder setze KLEINBOT_DATA_FOLDER auf einen Ort auf einer anderen Platte; verloren ist nichts.
error-service-from-cache = Dieses kleinbot läuft aus { $cache }, einem Zwischenspeicher, der jederzeit geleert werden kann (uvx hält dort seine Umgebungen), und ein Dienst fände dann nichts mehr. Installiere es, damit es bleibt: `uv tool install` mit dem, was hinter `--from` stand, dann `kleinbot service install`.
error-service-foreign = { $file } hat nicht diese Installation von kleinbot geschrieben und bleibt deshalb, wie sie ist. Schieb sie vorher weg, oder behalte sie und lass dies hier.
error-service-odd-folder = Der Name des Ordners { $folder } enthält ein Zeichen, das in der Datei eines Dienstes nicht stehen kann. Benenne ihn vorher um.
error-service-unwritable = { $file } lässt sich nicht schreiben oder entfernen: { $reason }. Mit --system rufe dies als Administrator auf (sudo).
error-service-unsupported = Auf { $system } weiß kleinbot nicht, wie Programme mit dem Rechner gestartet werden. Starte { PROGRAM() } run mit dem, was dein System dafür hat.
error-folder-in-use = Der Datenordner { $folder } wird gerade von Prozess { $pid } benutzt. Beende diesen zuerst oder setze KLEINBOT_DATA_FOLDER auf einen anderen Ordner.
error-folder-without-locks = Dateien in { $folder } lassen sich nicht sperren ({ $reason }). Zwei Bots könnten also denselben Auftrag zweimal vergeben, und SQLite könnte seine Datenbank beschädigen. Manche Netzlaufwerke sind so: Binde es mit Sperren ein, oder setze KLEINBOT_DATA_FOLDER auf einen Ordner auf einer Platte dieses Rechners.
error-folder-unusable = { $folder } lässt sich nicht benutzen: { $reason }. Der Ordner muss dem Konto gehören, unter dem der Bot läuft, und es muss dort schreiben dürfen.
error-database-without-log = Die Datenbank { $file } kann hier kein Write-Ahead-Log haben (SQLite bleibt bei { $mode }). Manche Netzlaufwerke sind so: Setze KLEINBOT_DATA_FOLDER auf einen Ordner auf einer Platte dieses Rechners.
error-database-foreign-log = { $file }-wal enthält Änderungen einer anderen Datenbank als der { $file }, die daneben liegt, und SQLite würde beide vermischen. Geändert wurde nichts. Um eine Sicherung zurückzuspielen, schiebe { $file } und die Dateien auf -wal und -shm daneben zusammen weg, und gib dann der Sicherung den Namen { $file }. Wurde die Datei versehentlich getauscht, lege die richtige wieder zu ihrem Log.
error-database-empty = Die Datenbank { $file } ist leer, aber daneben liegen in { $folder } Bilder. Geändert oder gelöscht wurde nichts. Spiele die Datenbank zurück, notfalls aus einer Sicherung; oder schiebe die leere Datei weg, um neu anzufangen: Die Bilder bleiben, und `{ PROGRAM() } archive list{ $options }` sagt, was da ist.
error-archive-of-another = { $pictures ->
        [0] Das Archiv gehört nach eigener Angabe zu einer anderen Datenbank als dieser.
        [one] Ein Bild gehört zu einer anderen Datenbank als dieser.
       *[other] { $pictures } Bilder gehören zu einer anderen Datenbank als dieser.
    } Gelöscht wurde nichts, und aufgeräumt wird nicht. Spiele jene Datenbank zurück, oder beende den Bot und rufe `{ PROGRAM() } archive adopt{ $options }` auf.
error-archive-newer = Die Datenbank ist älter als das Archiv: { $pictures ->
        [0] Das Archiv kennt Aufträge, die sie nicht kennt.
        [one] Ein Bild stammt aus einem Auftrag, den sie nicht kennt.
       *[other] { $pictures } Bilder stammen aus Aufträgen, die sie nicht kennt.
    } Gelöscht wurde nichts, und aufgeräumt wird nicht. Spiele die neuere Datenbank zurück, oder beende den Bot und rufe `{ PROGRAM() } archive adopt{ $options }` auf.
error-archive-no-database = Die Datenbank { $file } ist nicht da oder nicht von dieser Version von kleinbot. Starte den Bot einmal: Er legt sie an oder bringt sie auf den neuen Stand.
error-archive-unknown = { $pictures ->
        [one] Ein Bild im Archiv stammt aus einem Auftrag, den diese Datenbank nicht kennt. Es bleibt
       *[other] { $pictures } Bilder im Archiv stammen aus Aufträgen, die diese Datenbank nicht kennt. Sie bleiben
    } liegen. Gibt es eine neuere Datenbank, spiele sie zurück; sonst beende den Bot und rufe `{ PROGRAM() } archive adopt{ $options }` auf.
error-backup-running = { $folder } wird gerade schon gesichert oder wiederhergestellt. Warte, bis das zu Ende ist.
error-backup-inside = Eine Sicherung darf weder im Datenordner liegen noch ihn umfassen: { $folder } und { $data }. Nenne einen anderen Ordner, am besten auf einer anderen Platte.
error-backup-folder-not-ours = In { $folder } liegt anderes als eine Sicherung von kleinbot. Nichts wurde geändert. Nenne einen neuen oder leeren Ordner; einer darin genügt.
error-backup-of-another = In { $folder } liegt die Sicherung einer anderen Datenbank. Nichts wurde geändert. Nenne für diese einen eigenen Ordner.
error-backup-newer = Die Sicherung in { $folder } kennt neuere Aufträge als diese Datenbank, die an ihre Stelle träte. Nichts wurde geändert. Nenne einen anderen Ordner, oder stelle jene Sicherung wieder her, falls die neueren Aufträge fehlen.
error-backup-not-together = Datenbank und Archiv in { $folder } gehören nicht zusammen, einer Kopie würden also Bilder fehlen. Nichts wurde geändert. `{ PROGRAM() } archive list{ $options }` sagt, was nicht stimmt und was zu tun ist.
error-backup-no-room = In { $folder } ist kein Platz: { $needed } MiB werden gebraucht, { $free } MiB sind frei. Was vorher da war, ist vollständig. Schaffe Platz und versuche es noch einmal: Es geht dort weiter, wo es aufgehört hat.
error-backup-missing = In { $folder } liegt keine vollständige Sicherung: kleinbot.backup.json fehlt. Eine abgebrochene Sicherung bringt `{ PROGRAM() } backup` zu Ende; ist es eine Kopie des Datenordners, kopiere sie zurück.
error-backup-damaged = Die Sicherung ist nicht in Ordnung: { $file }: { $reason }. Hier wurde nichts geändert. Nimm eine andere Sicherung oder eine andere Kopie von dieser.
error-backup-pictures-damaged = { $pictures ->
        [one] Ein Bild in der Sicherung { $folder } fehlt oder ist nicht mehr, wie es war.
       *[other] { $pictures } Bilder in der Sicherung { $folder } fehlen oder sind nicht mehr, wie sie waren.
    } Hier wurde nichts geändert. Nimm eine andere Kopie der Sicherung, oder stelle sie ohne diese Bilder wieder her: Füge `--without-damaged` hinzu.
error-restore-unfinished = Eine Wiederherstellung von { $backup } in { $folder } wurde unterbrochen; was dort liegt, ist vielleicht nur die Hälfte. Führe `{ PROGRAM() } restore{ $options } { $backup }` noch einmal aus: Es geht dort weiter, wo es aufgehört hat, und nichts geht verloren.
error-restore-note-unreadable = { $file } sagt, dass eine Wiederherstellung läuft, aber nicht, welche ({ $reason }). Nichts wurde geändert. Sieh im Ordner nach: Was sie ersetzt hat, liegt in kleinbot-replaced-…, was sie kopiert hat, in kleinbot-restoring-…. Liegen Datenbank und Archiv an ihrem Platz, räume jene Datei beiseite.
error-database-newer = Die Datenbank { $file } stammt von einem neueren kleinbot (Schema { $found }, dieser kennt { $known }). Aktualisiere kleinbot oder spiele die Sicherung daneben zurück.
error-database-damaged = Die Datenbank { $file } ist beschädigt: { $reason }. Beende jedes Programm, das sie benutzt. Schiebe dann die Datei samt den Dateien auf -wal und -shm daneben zusammen weg und gib der neuesten Sicherung auf .backup ihren Namen. Ohne Sicherung beginnt kleinbot mit einer leeren Datenbank; Bilder, die eine Datenbank nicht kennt, bleiben liegen.
error-migration-failed = Die Datenbank { $file } ließ sich nicht auf den neuen Stand bringen ({ $migration }: { $reason }). Sie ist, wie sie war.
