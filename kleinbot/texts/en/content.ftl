## What is refused for its content. Calm, the same for everybody, and without a word about what was found.

error-content-minors = I make nothing sexual in which somebody could be a child or a teenager, in no server and for nobody. If you meant something else, say it in other words. Nothing was charged.
error-content-others-pictures = I do not undress or sexualise anybody in a picture that I did not draw myself, in no server and for nobody. If you meant something else, say it in other words. Nothing was charged.
error-picture-blocked = { $blocked ->
        [one] One picture does
       *[other] { $blocked } pictures do
    } not pass the automatic check here, and nobody sees what does not. The check can be wrong: say it in other words, or draw again. It costs nothing.

error-classifier-not-vit = The classifier in { $folder } cannot be used ({ $reason }). Name a ViT image classifier with config.json, preprocessor_config.json and model.safetensors in KLEINBOT_CLASSIFIER, or set it to off.
error-classifier-labels = The classifier has none of the labels { $wanted }; it has { $offered }. Set KLEINBOT_CLASSIFIER_LABELS to those that should block a picture.
error-classifier-failed = The classifier could not be loaded ({ $reason }). The log tells more; it is tried again.

error-words-forbidden = Something in your text is not wanted in this server. Say it in other words, or ask its moderators. Nothing was charged.
error-word-unusable = That cannot be a word of the list. Take a word, up to six words, or one word with * for any letters: fox*, *fox, *fox* or f*x, with at least three letters beside it. Nothing was changed.
error-word-not-listed = That word is not in the list; /admin words list shows what is. Nothing was changed.
error-too-many-words = The list has { $most } entries, which is the most. Remove one first. Nothing was changed.
admin-word-added = Texts with “{ $word }” are refused from now on. Members do not learn which word it was.
admin-word-removed = “{ $word }” is allowed again.
admin-words-none = No words are forbidden in this server. What I refuse everywhere holds nonetheless.
admin-words-listed = Forbidden in this server ({ $count }{ $pages ->
        [1] {""}
       *[other] , page { $page } of { $pages }
    }): { $words }
button-words-before = Before
button-words-after = Next
admin-words-pass = No word of the list is in that text.
admin-words-stopped = That text would be refused because of “{ $word }”.
audit-refused-minors = { $actor } was refused something sexual with minors
audit-refused-others-pictures = { $actor } was refused a sexualised edit of a picture that I did not draw
audit-refused-word = { $actor } was refused because of a word of this server's list
audit-picture-blocked = A picture for { $actor } was blocked by the automatic check; nobody was shown it
audit-word-add = { $actor } forbade a word
audit-word-remove = { $actor } allowed a word again

admin-words-name = words
admin-words-description = Words that nobody may use in this server's prompts
admin-words-add-name = add
admin-words-add-description = Forbid a word, up to six words, or a word with * for any letters
admin-words-remove-name = remove
admin-words-remove-description = Allow a word again
admin-words-list-name = list
admin-words-list-description = Show the forbidden words, to you alone
admin-words-test-name = test
admin-words-test-description = Try whether a text would be refused, and because of which word
admin-word-name = word
admin-word-description = Also found in other spellings; fox* also forbids foxes
admin-words-remove-word-description = As /admin words list shows it
admin-words-text-name = text
admin-words-text-description = What a member might type
