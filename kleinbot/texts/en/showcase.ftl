## The showcase: sharing, votes

share-name = share
share-description = Show one of your pictures in this server's showcase
share-picture-name = picture
share-picture-description = Which of your pictures (your newest when left out)
more-share = Share …
form-share-title = Share in the showcase
form-share-which = Which pictures
form-share-caption = Caption
form-share-allowed = What others see and may do
form-share-allowed-description = Without the prompt, nobody can vary or edit it there.
form-share-prompt = The prompt is shown
form-share-edit = Others may edit and vary it
form-share-spoiler = Behind a spoiler
form-share-where = On Discord only. You can withdraw it at any time.
share-done = { $count ->
        [one] A picture of #{ $number } is going to { $channel }. "Withdraw" under it takes it back.
       *[other] { $count } pictures of #{ $number } are going to { $channel }. "Withdraw" under each takes it back.
    }
shared-by = by { $author } · #{ $number }
shared-from = made from a picture by { $authors }
shared-alt-text = A picture made by an AI:
shared-hidden = A picture by { $author } is hidden by this server's moderators.
button-shared-vary = Vary
button-shared-original = Original
button-withdraw = Withdraw
voted = { $added ->
        [yes] Your vote counts
       *[no] Your vote is taken back
    }: the picture has { $votes ->
        [one] one vote
       *[other] { $votes } votes
    } now.
withdrawn = The picture is withdrawn from the showcase. Its post goes in a moment, and its votes with it.
told-not-shared = A picture that you shared is no longer in { $channel }: its post was deleted, or I could not post there. You can share it again.
told-unshared = This server's moderators have taken your picture #{ $number } out of the showcase. The picture itself stays.
audit-unshare = { $actor } took #{ $number } of { $member } out of the showcase
setup-showcase = **Showcase** · where members share their pictures and vote. Choose a channel of its own; without one, nobody can share.
setup-showcase-none = No showcase yet
setup-showcase-gone = The showcase channel was deleted. Choose another one.
doctor-no-showcase = No showcase: members cannot share pictures. Choose a channel in `/admin setup`.
doctor-showcase-gone = The showcase channel was deleted: members cannot share pictures. Choose another in `/admin setup`.
doctor-showcase-right = Members share pictures in { $channel }.
settings-named = **May a shared picture that was made from yours say so?** { $named ->
        [yes] Yes, it names you.
       *[no] No, you are not named.
    }
button-named = { $named ->
        [yes] Name me
       *[no] Do not name me
    }

## The gallery

gallery-name = gallery
gallery-description = Look through what this server's members share
gallery-sort-name = sort
gallery-sort-description = The newest, or those with the most votes
gallery-sort-new = newest
gallery-sort-week = top of the week
gallery-sort-month = top of the month
gallery-sort-ever = top of all time
gallery-member-name = member
gallery-member-description = Only what this member shares, newest first
gallery-text-name = text
gallery-text-description = Only what has these words in its caption or shown prompt, newest first
gallery-title = { $order ->
        [week] Most votes among the pictures of the last 7 days
        [month] Most votes among the pictures of the last 30 days
        [ever] Most votes of all time
       *[new] Newest in the showcase
    }
gallery-title-member = Shared by { $member }, newest first
gallery-entry = { $author } · ♥ { $votes } · <t:{ $at_s }:R>
gallery-empty = Nothing is shared here that you can see. Under your own results, **More …** has **Share …**.
gallery-nothing-found = Nothing with these words is shared here that you can see. Captions and shown prompts of the newest { $most } are searched.
button-open-post = Open { $number }
button-gallery-before = Back
button-gallery-after = Further

error-showcase-unchosen = { $who ->
        [admin] This server has no showcase yet. Choose a channel for it: `/admin setup`, "Showcase".
       *[member] This server has no showcase yet. Its admins can choose a channel for it: `/admin setup`.
    }
error-showcase-closed = I cannot post in { $channel }, the showcase of this server. Its admins can see in `/admin doctor` what I lack. Nothing was shared.
error-already-shared = #{ $number } is in the showcase already: { $link }
error-nothing-shared = Those pictures of #{ $number } are in the showcase already.
error-not-shared = That picture is no longer in the showcase.
error-vote-for-own = You cannot vote for your own picture.
error-share-not-yours = #{ $number } belongs to somebody else: only they can share it, and only they or a moderator can withdraw it.
