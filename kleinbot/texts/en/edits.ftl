## Pictures from pictures

error-input-lost = Picture { $position } that this was to be made from is no longer there. You were not charged. Attach it again.
error-picture-unknown = I know no such picture that you may use. Choose one from the list, or attach a file.
error-picture-gone = That picture of #{ $number } is no longer there, so nothing can be made from it. Nothing was charged.
error-no-picture-yet = You have no picture here yet. Attach one, or begin with /imagine.
error-message-without-picture = That message has no picture that I can read. PNG, JPEG, WebP, GIF and AVIF pictures that are kept by Discord work; links to other places do not.
error-two-sources = Give either a file or one of your pictures, not both. Further pictures go into the references.
error-too-many-references = { $most ->
        [0] This host's card has no room for further references.
        [one] This host's card has room for one further reference.
       *[other] This host's card has room for { $most } further references.
    } Leave some out. Nothing was charged.
error-already-pressed = { $state ->
        [ended] You pressed that a moment ago, which made #{ $number }. Press again in a few seconds for another one.
       *[open] You pressed that already: #{ $number } is on its way. Press again once it is there for another one.
    }

age-days = { $count ->
        [one] yesterday
       *[other] { $count } days ago
    }
age-hours = { $count } h ago
age-minutes = { $count } min ago
age-now = just now

by-from = by { $requester } from { $author }'s #{ $number }
by-from-own = by { $requester } from #{ $number }
heading-no-prompt = Variations of a picture
variation-subtle = subtle variation
variation-medium = variation
variation-strong = strong variation

button-vary = V{ $position }
button-edit-one = E{ $position }
button-edit = Edit
button-subtle = Subtle
button-strong = Strong
button-reroll = Reroll

form-edit-title = Edit this picture
form-instruction = What should change?
form-instruction-hint = make the sky purple
form-references = Further pictures to look at
form-references-description = Up to { $most }: a person, a thing, a style. May stay empty.
form-which = Which picture?
form-which-option = Picture { $position }
form-variations-title = Make variations
form-strength = How different?
form-strength-subtle = Subtle: nearly the same
form-strength-medium = Medium: clearly the same idea
form-strength-strong = Strong: far from it
form-lost = I was restarted, or more than ten minutes have passed, and this form is lost. Press the button again. Nothing was charged.
form-count = How many?

alt-text-variation = { $count ->
        [one] A picture that an AI model made as a variation of another one
       *[other] Picture { $position } of { $count } that an AI model made as variations of another one
    }
