## /edit; Namen und Beschreibungen wie in commands.ftl

edit-name = bearbeiten
edit-description = Verändere ein Bild, indem du sagst, was anders werden soll
edit-instruction-name = anweisung
edit-instruction-description = Was sich ändern soll, zum Beispiel: mach den Himmel lila
edit-image-name = datei
edit-image-description = Das Bild, das verändert werden soll, von deinem Gerät
edit-picture-name = bild
edit-picture-description = Stattdessen eins deiner Bilder (ohne beides dein neuestes)
edit-reference-1-name = vorlage-1
edit-reference-2-name = vorlage-2
edit-reference-3-name = vorlage-3
edit-reference-description = Noch ein Bild als Vorlage, etwa eine Person, ein Ding oder ein Stil
edit-seed-description = Gleicher Seed, gleiche Bearbeitung (0 bis 4294967295)
edit-private-description = Nur du siehst das Ergebnis (ohne Angabe wie beim Ausgangsbild)

variations-name = variationen
variations-description = Mach weitere Bilder wie dieses
variations-picture-description = Eins deiner Bilder (ohne beides dein neuestes)
variations-image-description = Stattdessen ein Bild von deinem Gerät
variations-which-name = welches
variations-which-description = Welches Bild dieses Auftrags, 1 bis 4
variations-strength-name = stärke
variations-strength-description = Wie anders sie sein dürfen (ohne Angabe mittel)
strength-subtle = leicht
strength-medium = mittel
strength-strong = stark

menu-edit = Bild bearbeiten
menu-variations = Variationen machen
menu-info = Bildinfo
