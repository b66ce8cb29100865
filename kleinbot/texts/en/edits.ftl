## Pictures from pictures

error-input-lost = Picture { $position } that this was to be made from is no longer there. You were not charged. Attach it again.
error-picture-unknown = I know no such picture that you may use. Choose one from the list, or attach a file.
error-picture-gone = That picture of #{ $number } is no longer there, so nothing can be made from it. Nothing was charged.
error-no-picture-yet = You have no picture here yet. Attach one, or begin with /imagine.
error-message-without-picture = That message has no picture that I can read. Attached PNG, JPEG, WebP, GIF and AVIF files work; links do not.
error-two-sources = Give either a file or one of your pictures, not both. Further pictures go into the references.
error-too-many-references = { $most ->
        [0] This host's card has no room for further references.
        [one] This host's card has room for one further reference.
       *[other] This host's card has room for { $most } further references.
    } Leave some out. Nothing was charged.
error-already-pressed = You pressed that already: #{ $number } is on its way. Press again once it is there for another one.

age-days = { $count ->
        [one] yesterday
       *[other] { $count } days ago
    }
age-hours = { $count } h ago
age-minutes = { $count } min ago
age-now = just now
