## Results that are found again, marked, explained and deleted

error-result-unknown = I know no result { $job } of yours here. /history lists what you have.
error-result-unseen = I know no such result here, or you cannot see it. /history lists what is yours.
error-result-not-yours = #{ $number } belongs to somebody else. Only they or a moderator can delete it.
error-result-deleted = #{ $number } has been deleted.
error-search-too-long = That is more than I search for: type up to { $words } words and { $characters } characters.
error-search-ended = That search took too long, so I stopped it. Try again in a moment, or turn the pages of /history.

result-further = #{ $number }, continued

history-title = Your pictures
history-title-favourites = Your favourites
history-searched = “{ $text }”
history-empty = You have no pictures here yet. Begin with /imagine.
history-no-favourites = You have marked no picture yet. The button ♥ under a result does it.
history-nothing-found = Nothing of yours has these words in its prompt. Try fewer of them.
history-nothing-fits = Nothing of yours fits all of that. Leave out a word or a filter.
history-from-pictures = Made from pictures
history-unseen = It is in a channel that you cannot see from here.
history-entry = **#{ $number }** · <t:{ NUMBER($at_s, useGrouping: 0) }:R> · { $count ->
        [one] { $count } picture
       *[other] { $count } pictures
    }
button-show = Show #{ $number }
button-newer = Newer
button-older = Older

button-favourite = ♥
button-recipe = Recipe
button-delete = Delete

favourites-choose = Which pictures of #{ $number } are your favourites? Press one to mark it, again to take the mark away.
favourite-added = #{ $number } is one of your favourites. /history with "favourites" lists them.
favourite-removed = #{ $number } is no favourite of yours.
button-mark = { $count ->
        [1] Mark again
       *[other] ♡ { $position }
    }
button-marked = { $count ->
        [1] Take the mark away
       *[other] ♥ { $position }
    }

recipe-card = #{ $number } · { $size } · checkpoint { $checkpoint } · { $steps } steps · { $seconds } s · made <t:{ NUMBER($at_s, useGrouping: 0) }:f>
recipe-noise = Noise: { $noise } (seed, then weight:seed of what was mixed in)
recipe-parent = Made from #{ $number } of { $author }
recipe-parent-unseen = You cannot see that picture, so the command leaves it out: attach one of your own.
recipe-attach = It was made from attached files, which have to be attached again.

delete-question = Delete #{ $number } for good? { $count ->
        [one] The picture and every message of mine that shows it go.
       *[other] All { $count } pictures and every message of mine that shows them go.
    } What they cost is not given back.
button-delete-yes = Delete for good
button-keep = Keep
delete-done = #{ $number } is deleted.
delete-kept = #{ $number } stays.
