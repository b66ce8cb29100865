## Names must be lower case, without spaces, at most 32 characters; descriptions at most 100.

imagine-name = imagine
imagine-description = Zeichne Bilder nach einer Beschreibung
imagine-prompt-name = prompt
imagine-prompt-description = Was auf dem Bild zu sehen sein soll (ohne Angabe fragt ein Formular)
imagine-aspect-name = format
imagine-aspect-description = Seitenverhältnis des Bildes (ohne Angabe wie in /einstellungen, sonst quadratisch)
imagine-count-name = anzahl
imagine-count-description = Wie viele Bilder, 1 bis 4
imagine-quality-name = qualität
imagine-quality-description = best: das langsamere Basismodell in 50 Schritten, je Bild { $pictures } vom Kontingent
imagine-seed-name = seed
imagine-seed-description = Gleicher Seed und gleicher Prompt ergeben das gleiche Bild (0 bis 4294967295)
imagine-private-name = privat
imagine-private-description = Nur du siehst das Ergebnis

queue-name = warteschlange
queue-description = Deine Aufträge in der Schlange, mit Platz und voraussichtlichem Beginn
cancel-name = abbrechen
cancel-description = Brich einen deiner Aufträge ab, der wartet oder läuft
cancel-job-name = auftrag
cancel-job-description = Welcher (ohne Angabe dein neuester)
