## Bilder aus Bildern

error-input-lost = Bild { $position }, aus dem das hier werden sollte, ist nicht mehr da. Dir wurde nichts berechnet. Hänge es noch einmal an.
error-picture-unknown = Ich kenne kein solches Bild, das du verwenden darfst. Wähle eins aus der Liste oder hänge eine Datei an.
error-picture-gone = Dieses Bild von #{ $number } ist nicht mehr da, daraus lässt sich nichts machen. Es wurde nichts berechnet.
error-no-picture-yet = Du hast hier noch kein Bild. Hänge eins an oder fang mit /imagine an.
error-message-without-picture = In dieser Nachricht ist kein Bild, das ich lesen kann. Es gehen PNG-, JPEG-, WebP-, GIF- und AVIF-Bilder, die bei Discord liegen; Links woandershin nicht.
error-two-sources = Gib entweder eine Datei oder eins deiner Bilder an, nicht beides. Weitere Bilder kommen in die Vorlagen.
error-too-many-references = { $most ->
        [0] Für weitere Vorlagen ist auf der Grafikkarte dieses Betreibers kein Platz.
        [one] Auf der Grafikkarte dieses Betreibers ist Platz für eine weitere Vorlage.
       *[other] Auf der Grafikkarte dieses Betreibers ist Platz für { $most } weitere Vorlagen.
    } Lass einige weg. Es wurde nichts berechnet.
error-already-pressed = { $state ->
        [ended] Das hast du gerade eben gedrückt, und daraus wurde #{ $number }. Drück in ein paar Sekunden noch einmal, um ein weiteres zu bekommen.
       *[open] Das hast du schon gedrückt: #{ $number } ist unterwegs. Drück noch einmal, wenn es da ist, um ein weiteres zu bekommen.
    }

age-days = { $count ->
        [one] gestern
       *[other] vor { $count } Tagen
    }
age-hours = vor { $count } Std.
age-minutes = vor { $count } Min.
age-now = gerade eben

by-from = von { $requester } nach #{ $number } von { $author }
by-from-own = von { $requester } nach #{ $number }
heading-no-prompt = Variationen eines Bildes
variation-subtle = leichte Variation
variation-medium = Variation
variation-strong = starke Variation

button-vary = V{ $position }
button-edit-one = B{ $position }
button-edit = Bearbeiten
button-subtle = Leicht
button-strong = Stark
button-reroll = Neu

form-edit-title = Dieses Bild bearbeiten
form-instruction = Was soll sich ändern?
form-instruction-hint = mach den Himmel lila
form-references = Weitere Bilder als Vorlage
form-references-description = Bis zu { $most }: eine Person, ein Ding, ein Stil. Darf leer bleiben.
form-which = Welches Bild?
form-which-option = Bild { $position }
form-variations-title = Variationen machen
form-strength = Wie anders?
form-strength-subtle = Leicht: fast dasselbe
form-strength-medium = Mittel: klar dieselbe Idee
form-strength-strong = Stark: weit davon weg
form-lost = Ich wurde neu gestartet oder es sind mehr als zehn Minuten vergangen, und dieses Formular ist verloren. Drück den Knopf noch einmal. Es wurde nichts berechnet.
form-count = Wie viele?

alt-text-variation = { $count ->
        [one] Ein Bild, das ein KI-Modell als Variation eines anderen gemacht hat
       *[other] Bild { $position } von { $count }, die ein KI-Modell als Variationen eines anderen gemacht hat
    }
