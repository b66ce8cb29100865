## Was wegen seines Inhalts abgelehnt wird. Ruhig, für alle gleich und ohne ein Wort darüber, was gefunden wurde.

error-content-minors = Ich mache nichts Sexuelles, in dem jemand ein Kind oder jugendlich sein könnte, auf keinem Server und für niemanden. Wenn du etwas anderes gemeint hast, sag es mit anderen Worten. Es wurde nichts berechnet.
error-content-others-pictures = Ich ziehe niemanden aus und sexualisiere niemanden auf einem Bild, das ich nicht selbst gezeichnet habe, auf keinem Server und für niemanden. Wenn du etwas anderes gemeint hast, sag es mit anderen Worten. Es wurde nichts berechnet.
