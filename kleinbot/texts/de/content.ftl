## Was wegen seines Inhalts abgelehnt wird. Ruhig, für alle gleich und ohne ein Wort darüber, was gefunden wurde.

error-content-minors = Ich mache nichts Sexuelles, in dem jemand ein Kind oder jugendlich sein könnte, auf keinem Server und für niemanden. Wenn du etwas anderes gemeint hast, sag es mit anderen Worten. Es wurde nichts berechnet.
error-content-others-pictures = Ich ziehe niemanden aus und sexualisiere niemanden auf einem Bild, das ich nicht selbst gezeichnet habe, auf keinem Server und für niemanden. Wenn du etwas anderes gemeint hast, sag es mit anderen Worten. Es wurde nichts berechnet.
error-picture-blocked = { $blocked ->
        [one] Ein Bild besteht
       *[other] { $blocked } Bilder bestehen
    } die automatische Prüfung der Bilder nicht; niemand bekommt so etwas zu sehen. Eine solche Prüfung kann sich irren: Sag es mit anderen Worten oder lass noch einmal zeichnen. Es kostet nichts.

error-classifier-not-vit = Der Klassifikator in { $folder } lässt sich nicht benutzen ({ $reason }). Nenne in KLEINBOT_CLASSIFIER einen ViT-Bildklassifikator mit config.json, preprocessor_config.json und model.safetensors, oder stelle ihn auf off.
error-classifier-labels = Der Klassifikator hat keines der Labels { $wanted }; er hat { $offered }. Setze KLEINBOT_CLASSIFIER_LABELS auf die, die ein Bild zurückhalten sollen.
error-classifier-failed = Der Klassifikator ließ sich nicht laden ({ $reason }). Mehr steht im Log; es wird noch einmal versucht.

error-words-forbidden = Etwas in deinem Text ist auf diesem Server nicht erwünscht. Sag es mit anderen Worten oder frag die Moderation. Es wurde nichts berechnet.
error-word-unusable = Das kann kein Wort der Liste sein. Nimm ein Wort, bis zu sechs Wörter oder ein Wort mit * für beliebige Buchstaben: fuchs*, *fuchs, *fuchs* oder f*s, mit mindestens drei Buchstaben daneben. Es wurde nichts geändert.
error-word-not-listed = Dieses Wort steht nicht in der Liste; was darin steht, zeigt /admin wörter liste. Es wurde nichts geändert.
error-too-many-words = Die Liste hat { $most } Einträge, mehr gehen nicht. Entferne erst einen. Es wurde nichts geändert.
admin-word-added = Texte mit „{ $word }“ werden ab jetzt abgelehnt. Mitglieder erfahren nicht, welches Wort es war.
admin-word-removed = „{ $word }“ ist wieder erlaubt.
admin-words-none = Auf diesem Server ist kein Wort verboten. Was ich überall ablehne, gilt trotzdem.
admin-words-listed = Auf diesem Server verboten ({ $count }{ $pages ->
        [1] {""}
       *[other] , Seite { $page } von { $pages }
    }): { $words }
button-words-before = Davor
button-words-after = Weiter
admin-words-pass = In diesem Text steht kein Wort der Liste.
admin-words-stopped = Dieser Text würde wegen „{ $word }“ abgelehnt.
audit-refused-minors = { $actor } wurde etwas Sexuelles mit Minderjährigen abgelehnt
audit-refused-others-pictures = { $actor } wurde abgelehnt, jemanden auf einem Bild zu sexualisieren, das ich nicht gezeichnet habe
audit-refused-word = { $actor } wurde wegen eines Wortes aus der Liste dieses Servers abgelehnt
audit-picture-blocked = Ein Bild für { $actor } wurde von der automatischen Prüfung zurückgehalten; niemand hat es gesehen
audit-word-add = { $actor } hat ein Wort verboten
audit-word-remove = { $actor } hat ein Wort wieder erlaubt

admin-words-name = wörter
admin-words-description = Wörter, die niemand in Prompts auf diesem Server verwenden darf
admin-words-add-name = hinzufügen
admin-words-add-description = Verbiete ein Wort, bis zu sechs Wörter oder ein Wort mit * für beliebige Buchstaben
admin-words-remove-name = entfernen
admin-words-remove-description = Erlaube ein Wort wieder
admin-words-list-name = liste
admin-words-list-description = Zeig die verbotenen Wörter, nur dir
admin-words-test-name = testen
admin-words-test-description = Probier, ob ein Text abgelehnt würde und wegen welchem Wort
admin-word-name = wort
admin-word-description = Wird auch in anderer Schreibweise gefunden; fuchs* verbietet auch fuchsrot
admin-words-remove-word-description = So, wie /admin wörter liste es zeigt
admin-words-text-name = text
admin-words-text-description = Was ein Mitglied tippen könnte
