"""The German of each sentence that the stand-in's own client says, by its English (``sentences``)."""

GERMAN: dict[str, str] = {
    "(direct)": "(direkt)",
    "values with spaces may be quoted; files by path: image:./cat.png": (
        "Werte mit Leerzeichen dürfen in Anführungszeichen stehen; Dateien als Pfad: bild:./katze.png"
    ),
    "press a button, or the fifth by its place: press 5; of the latest message that has it or of m3": (
        "drücke eine Schaltfläche, die fünfte auch als press 5; der letzten Nachricht mit ihr oder von m3"
    ),
    "choose from a menu, or from the second: pick 2: OPTION": (
        "wähle aus einer Liste, oder aus der zweiten: pick 2: OPTION"
    ),
    "use a command from the context menu of a message or a person": (
        "ein Befehl aus dem Kontextmenü einer Nachricht oder einer Person"
    ),
    "write an ordinary message": ("schreib eine gewöhnliche Nachricht"),
    "speak as bob, admin (of the server), owner (of the bot) or anybody new": (
        "sprich als bob, admin (des Servers), owner (des Bots) oder jemand Neues"
    ),
    "go to the direct messages with the bot, or back to the channel": (
        "geh zu den Direktnachrichten mit dem Bot, oder zurück zum Kanal"
    ),
    "show a message again": ("zeig eine Nachricht noch einmal"),
    "empty the line, leave a form, or on an empty line quit": (
        "leert die Zeile, verlässt ein Formular, beendet auf einer leeren Zeile"
    ),
    "end; what is in line goes on the next time": (
        "Schluss; was in der Schlange steht, geht beim nächsten Mal weiter"
    ),
    "/{path} goes on with one of: {names}": "/{path} geht weiter mit einem von: {names}",
    "/{path} has no completion for {name!r}": "/{path} ergänzt „{name}“ nicht",
    "/{path} has no option {name!r}, only {names}": "/{path} hat keine Option „{name}“, nur {names}",
    "/{path} needs {names}": "/{path} braucht noch {names}",
    "More is told by  help ; the end is  quit .": "Mehr sagt  help ; Schluss ist mit  quit .",
    "Nothing was sent. Once more, with what you typed; Ctrl+C leaves.": (
        "Nichts wurde gesendet. Noch einmal, mit dem, was du getippt hast; Strg+C verlässt es."
    ),
    "Press buttons with  press LABEL , be somebody else with  as bob  or  as admin .": (
        "Schaltflächen drückst du mit  press NAME , jemand anderes bist du mit  as bob  oder  as admin ."
    ),
    "The application did not respond": "Die Anwendung hat nicht geantwortet",
    "These are your direct messages with the bot; back leads to the channel.": (
        "Das sind deine Direktnachrichten mit dem Bot; back führt zum Kanal."
    ),
    "Type a command as in Discord, beginning with / (Tab completes).": (
        "Tippe einen Befehl wie in Discord, er beginnt mit / (Tab ergänzt)."
    ),
    "You are {name} now.": "Du bist jetzt {name}.",
    "You left the form; nothing was sent.": "Du hast das Formular verlassen; nichts wurde gesendet.",
    "[{label}: off]": "[{label}: aus]",
    "a path": "ein Pfad",
    "a path, or several with commas": "ein Pfad, oder mehrere mit Kommas",
    "a quotation mark is not closed: {text}": "ein Anführungszeichen ist nicht geschlossen: {text}",
    "about {count} min left": "noch etwa {count} min",
    "about {count} s left": "noch etwa {count} s",
    "cannot attach {path}: {reason}": "{path} lässt sich nicht anhängen: {reason}",
    "cannot make sense of {word!r}, did you mean {meant} – the options are {names}": (
        "„{word}“ ist nicht zu verstehen, meinst du {meant} – die Optionen sind {names}"
    ),
    "cannot make sense of {word!r}; the options are {names}": (
        "„{word}“ ist nicht zu verstehen; die Optionen sind {names}"
    ),
    "choose {low} to {high}": "wähle {low} bis {high}",
    "choose: {choices}": "zur Wahl: {choices}",
    "command": "Befehl",
    "commands start with a slash: /{name} …": "Befehle beginnen mit einem Schrägstrich: /{name} …",
    "commands: {names}": "Befehle: {names}",
    "is thinking …": "denkt nach …",
    "may be empty": "darf leer sein",
    "menus: {names}": "Menüs: {names}",
    "message menu": "Nachrichtenmenü",
    "message {where} has no button {name!r}; its buttons: {labels}": (
        "Nachricht {where} hat keine Schaltfläche „{name}“; sie hat: {labels}"
    ),
    "m{number} was deleted": "m{number} wurde gelöscht",
    "no button {label!r} here, only {labels}": "hier ist keine Schaltfläche „{label}“, nur {labels}",
    "no form is open": "kein Formular ist offen",
    "no message here has a button {name!r}; buttons: {labels}": (
        "keine Nachricht hier hat eine Schaltfläche „{name}“; es gibt: {labels}"
    ),
    "nobody here is called {name!r}": "niemand hier heißt „{name}“",
    "not a file: {value!r}": "keine Datei: „{value}“",
    "only somebody else sees this message": "diese Nachricht sieht nur jemand anderes",
    "only you see this": "nur du siehst das",
    "say in which channel": "sag, in welchem Kanal",
    "say which button: press LABEL, with one of: {labels}": (
        "sag, welche Schaltfläche: press NAME, mit einem von: {labels}"
    ),
    "say which menu, and of whom or of which message: {names}": (
        "sag, welches Menü, und von wem oder von welcher Nachricht: {names}"
    ),
    "say which message, for example: show m1": "sag, welche Nachricht, zum Beispiel: show m1",
    "say who, for example: as bob": "sag, wer, zum Beispiel: as bob",
    "that is a folder": "das ist ein Ordner",
    "that is nothing the bot would answer": "darauf würde der Bot nicht antworten",
    "the bot is not online": "der Bot ist nicht online",
    "the button {label!r} is a link to {url}": "die Schaltfläche „{label}“ ist ein Link nach {url}",
    "the button {label!r} is disabled": "die Schaltfläche „{label}“ ist ausgeschaltet",
    "the channel is gone": "der Kanal ist weg",
    "the form has no field {name!r}, only {labels}": "das Formular hat kein Feld „{name}“, nur {labels}",
    "the form is open for somebody else": "das Formular ist für jemand anderes offen",
    "the message is gone": "die Nachricht ist weg",
    "there is no role {role!r} here": "eine Rolle „{role}“ gibt es hier nicht",
    "there is no /{name}. Did you mean /{meant}?": "/{name} gibt es nicht. Meinst du /{meant}?",
    "there is no /{name}. There is {names}.": "/{name} gibt es nicht. Es gibt {names}.",
    "there is no channel {name!r} for {option}": "einen Kanal „{name}“ für {option} gibt es nicht",
    "there is no channel {name!r} to pick, only {names}": (
        "einen Kanal „{name}“ kann man hier nicht wählen, nur {names}"
    ),
    "there is no command yet: the bot is starting": "noch gibt es keinen Befehl: Der Bot startet gerade",
    "there is no menu to pick from here": "hier ist keine Liste, aus der man wählt",
    "there is no message {number}": "eine Nachricht {number} gibt es nicht",
    "there is no such file": "diese Datei gibt es nicht",
    "there is no {kind} {name!r}, only {names}": "{kind} „{name}“ gibt es nicht, nur {names}",
    "this account may not read it": "dieses Konto darf sie nicht lesen",
    "this command takes no options": "dieser Befehl hat keine Optionen",
    "user menu": "Personenmenü",
    "y or n": "j oder n",
    "{command} has no subcommand {name!r}": "{command} hat keinen Unterbefehl „{name}“",
    "{command} needs one of: {names}": "{command} braucht eines von: {names}",
    "{complaint}; text with such a word goes into quotation marks": (
        "{complaint}; Text mit so einem Wort gehört in Anführungszeichen"
    ),
    "{field}: choose {low} to {high}": "{field}: wähle {low} bis {high}",
    "{field}: must be between {low} and {high} characters long": (
        "{field}: muss {low} bis {high} Zeichen lang sein"
    ),
    "{field}: must be filled in": "{field}: muss ausgefüllt sein",
    "{field}: {value!r} is not one of: {choices}": "{field}: „{value}“ ist keines von: {choices}",
    "{file} is too large: {bytes} bytes, at most {most}": (
        "{file} ist zu groß: {bytes} Bytes, höchstens {most}"
    ),
    "{name!r} can only be used in age-restricted channels": (
        "„{name}“ geht nur in Kanälen mit Altersbeschränkung"
    ),
    "{name!r} cannot be used here, only in a server (back leads to it)": (
        "„{name}“ geht hier nicht, nur in einem Server (back führt dorthin)"
    ),
    "{name!r} cannot be used in direct messages (back leads to the channel)": (
        "„{name}“ geht nicht in Direktnachrichten (back führt zum Kanal)"
    ),
    "{number} is the number of a job; messages have numbers like m1": (
        "{number} ist die Nummer eines Auftrags; Nachrichten haben Nummern wie m1"
    ),
    "{option}: must be between {low} and {high}": "{option}: muss zwischen {low} und {high} liegen",
    "{option}: is there twice; leave one of them out, or put text with such a word into quotation marks": (
        "{option}: steht zweimal da; lass eines weg, oder setz Text mit so einem Wort in Anführungszeichen"
    ),
    "{option}: {value!r} is neither true nor false": "{option}: „{value}“ ist weder ja noch nein",
    "{option}: {value!r} is not a number": "{option}: „{value}“ ist keine Zahl",
    "{option}: {value!r} is not one of: {choices}": "{option}: „{value}“ ist keines von: {choices}",
    "{person} is not a member of {server}": "{person} ist kein Mitglied von {server}",
    "{person} may not use {name!r}; somebody with more power may, like admin (as admin)": (
        "{person} darf „{name}“ nicht; wer mehr Rechte hat, darf es, wie admin (as admin)"
    ),
    "{value!r} is not one of: {choices}": "„{value}“ ist keines von: {choices}",
    "{word!r} is nothing I know. Commands start with /, or type help.": (
        "„{word}“ kenne ich nicht. Befehle beginnen mit /, oder tippe help."
    ),
    "pictures have their full size already; press V1 varies, press E1 edits": (
        "Bilder haben schon ihre volle Größe; press V1 wandelt ab, press B1 bearbeitet"
    ),
    "buttons are pressed with press: press {label}": "Schaltflächen drückst du mit press: press {label}",
    "{word!r} is nothing I know; did you mean {meant}?": "„{word}“ kenne ich nicht; meinst du {meant}?",
}
