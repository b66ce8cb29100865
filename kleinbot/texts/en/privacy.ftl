## /privacy: what the bot holds about a person

privacy-name = privacy
privacy-description = What I hold about you: have it given out, or have it deleted
privacy-export-name = export
privacy-export-description = Get everything that I hold about you, as files for you alone
privacy-skip-name = skip
privacy-skip-description = So many pictures, the oldest, that an earlier export already gave you
privacy-delete-name = delete
privacy-delete-description = Delete everything that I hold about you, in every server; asks first

erase-question = **Delete everything that I hold about you, in every server that I am in?**
erase-goes = Your results with their pictures, what you attached, your favourites and settings go, and my messages that show them, as far as Discord lets me. What waits or is being drawn is cancelled and given back. This cannot be undone.
erase-stays = What stays for a while:
erase-stays-spent = • what you have spent or were given, until it no longer counts by any rule: <t:{ NUMBER($until_s, useGrouping: 0) }:R>
erase-stays-audit = • what admins decided about you, or you as one: 180 days
erase-stays-ban = • your ban or time-out, while it lasts and up to 30 days: from now on under a code in place of your id, by which nobody can find you but I know you again
erase-stays-always =
    • copies in backups that the host has made, until they make new ones
    • what others made from your pictures, with the words it was drawn from: that is theirs, and new messages call you “somebody”
    • messages that only you can see: dismiss them yourself
button-erase = Delete everything
button-no-erase = Keep everything
erase-begun = Everything about you is being deleted. What you ask me for until that is done is refused.
erase-goes-on = Everything about you is already being deleted. With many pictures, or while Discord is slow, that takes a while; it goes on by itself.
erase-done = Everything that I held about you is deleted.
erase-kept = Nothing was deleted.

export-part = Your data, part { $part }
export-done = That is everything that I hold about you: { $parts ->
        [one] one file
       *[other] { $parts } files
    } with { $pictures ->
        [0] no picture
        [one] one picture
       *[other] { $pictures } pictures
    }. Only you can see this message; save the files, for it will not stay.
export-more = That are { $parts } files, with your oldest { $pictures } pictures. More do not go into one export: tomorrow, `/privacy export skip:{ NUMBER($pictures, useGrouping: 0) }` goes on from there.

error-being-erased = Everything about you is being deleted at the moment. Try again once that is done; /privacy delete tells.
error-export-again = You had your data given out within the last day. You can again <t:{ NUMBER($at_s, useGrouping: 0) }:R>.
error-export-busy = Somebody else's data are being put together right now. Try again in a few minutes.

somebody = somebody

settings-name = settings
settings-description = What you have chosen for yourself in this server
settings-editing = **May others edit or vary pictures that you post or make here?** { $chosen ->
        [yes] Yes.
        [no] No.
       *[server] As this server has it: { $server }.
    }
    Whatever you choose: what somebody makes from a picture that you have attached is theirs alone to see until they post it, and you can have it removed: *Apps → Remove what was made from it* on your message.
button-others-edit = { $choice ->
        [yes] Yes
        [no] No
       *[server] As this server has it ({ $server })
    }
settings-previews = **See what your pictures become while they are drawn?** { $chosen ->
        [on] Yes.
       *[off] No.
    }
    Only for pictures that take longer than a few seconds, and only where the host does not have each picture judged before anybody sees it. A preview goes once the picture is there.
button-previews = { $choice ->
        [on] Show previews
       *[off] No previews
    }
menu-take-back = Remove what was made from it
more-take-back = This is my picture …
take-back-question = **Remove everything that others made from your picture here?** Also what was made from that goes, with my messages that show it. What they paid for it stays paid. This cannot be undone.
button-take-back = Remove it
take-back-begun = What others made from your picture is being removed. With much of it, that takes a while; it goes on by itself.
button-post = Post
posted = #{ $number } is posted for everybody in its channel.
error-editing-not-wanted = Whoever made or posted that picture does not want others to edit it here. Take another one, or one of your own.
error-not-your-picture = That picture was posted by somebody else. Only they can have removed what was made from it; you can report it: *Apps → Report this image*.
error-nothing-made-from-it = Nobody else has made anything from that picture here.
error-already-posted = #{ $number } has already been posted.
error-picture-not-kept = I no longer keep that picture of #{ $number }. Attach it: save it from its message, then `/edit image:`. Nothing was charged.
notice-purge = **Old pictures will go.** As this server has chosen, pictures older than that are no longer kept from <t:{ NUMBER($at_s, useGrouping: 0) }:D> on; { $pictures ->
        [one] one picture is
       *[other] { $pictures } pictures are
    } that old. Favourites stay, and so do messages, recipes and buttons. /admin setup changes it.
error-picture-taken-back = Whoever posted the picture that this was to be made from has taken it back.
