## The first response and its edits

waiting-place = { $place ->
        [0] Goes on
        [1] Next in line
       *[other] #{ $place } in line
    } · starts { $starts }
waiting-held = { $place ->
        [1] Next in line
       *[other] #{ $place } in line
    }
waiting-relaxed = { $why ->
        [share] So much of yours is in line that I cannot promise this for this reply.
        [late] The line is too long for this to be done in time for this reply.
       *[unknown] This may take longer than this reply can be changed.
    }
waiting-late = This takes longer than I said: it will not be done in time for this reply after all.
arrives-anew = Once this message can no longer be changed, the result comes as a new one.
arrives-alone = Once this message can no longer be changed, you get the result with your next command here.
waiting-starts-at = <t:{ NUMBER($at_s, useGrouping: 0) }:R>
waiting-starts-latest = <t:{ NUMBER($at_s, useGrouping: 0) }:R> at the latest
waiting-starts-later = once others have had as much
waiting-starts-soon = in a moment
running = Drawing { $bar } { $percent } %
running-of = Drawing picture { $current } of { $count } { $bar } { $percent } %
preview = { $count ->
        [1] Preview, step { $step } of { $steps }
       *[other] Preview of picture { $position }, step { $step } of { $steps }
    }
finishing = Finishing …
engine-starting = The image model is starting; your place is kept.
engine-downloading = The image model is being downloaded ({ $percent } %); your place is kept.
engine-loading = The image model is being loaded ({ $percent } %); your place is kept.
engine-warming = The image model is warming up ({ $percent } %); your place is kept.
engine-disk-full = The disk of the bot's host is full. Your place is kept; drawing goes on once there is room.
engine-unloading = The image model leaves the graphics card for now; your place is kept.
engine-unloaded = The image model was not needed for a while and is being loaded again; your place is kept.
engine-freed = My host needs the graphics card just now. Your place is kept; I go on as soon as it is free again.
engine-quiet-hours = My host needs the graphics card until <t:{ NUMBER($until_s, useGrouping: 0) }:t> (<t:{ NUMBER($until_s, useGrouping: 0) }:R>). Your place is kept.
engine-card-taken = My host needs the graphics card just now. Your place is kept; I look again every minute.
engine-failed = The image model could not be started. Your place is kept until my host has mended it.
engine-draining = The bot is about to restart. Your place is kept.

told-end = { $unit ->
        [few] A few seconds in all.
        [s] About { $amount } s in all.
        [min] About { $amount } min in all.
       *[h] About { $amount } h in all.
    }
price = Costs { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    } once { $count ->
        [one] it is
       *[other] they are
    } done; { $left } left after that.
price-of-inputs = A picture made from others costs more, since the model reads those too at each step.

## Results

recipe = { $size } · seed { $seed } · { $seconds } s
cancelled = Cancelled.
given-back = { $refunded ->
        [0] Nothing was left to give back.
        [one] { $refunded } picture was given back.
       *[other] { $refunded } pictures were given back.
    }
used-part = { $used ->
        [one] The part that was already drawn counts as { $used } picture
       *[other] The part that was already drawn counts as { $used } pictures
    }
used-anyway = { used-part }.
expired = This could not be delivered in time and was given back.
failed-partly = The rest failed: { $reason }
late-greeting = { $requester }, your pictures are ready.
moved = This took longer than a reply can be changed. The result is here: { $link }
lost-file = Picture { $position } is no longer in the archive.
unreadable-file = Picture { $position } could not be read from the archive just now. Nothing is lost by that: try /show #{ $number } later.
kept-note = This could not be delivered earlier:
kept-coming = Here comes #{ $number }, which could not be delivered earlier …
small-note = The small model that comes with kleinbot draws coloured shapes only and does not know: { $words }. The README says how to get the real model.
alt-text = { $count ->
        [1] Drawn by an AI model for the prompt: { $prompt }
       *[other] Picture { $position } of { $count }, drawn by an AI model for the prompt: { $prompt }
    }

## /queue and /cancel

queue-empty = You have nothing in line. { $others ->
        [0] Nobody else has either: /imagine starts at once.
        [one] One other job is waiting or running.
       *[other] { $others } other jobs are waiting or running.
    }
queue-empty-held = You have nothing in line. Nothing is drawn just now ({ $why }); what you ask for waits in line until it is.
queue-empty-closed = You have nothing in line, and nothing new is accepted just now.
queue-title = Your jobs ({ $others ->
        [0] nobody else is in line
        [one] one job of others
       *[other] { $others } jobs of others
    })
queue-waiting = #{ $number } · { $prompt } · { queue-place }, starts { $starts }
queue-held = #{ $number } · { $prompt } · { queue-place }
queue-place = { $place ->
        [0] goes on
        [1] next
       *[other] #{ $place } in line
    }
queue-late = the result comes as a new message
queue-running = #{ $number } · { $prompt } · being drawn
queue-more = … and { $rest } more.
cancel-done = #{ $number } is cancelled. { $refunded ->
        [0] Nothing was left to give back.
        [one] { $refunded } picture was given back.
       *[other] { $refunded } pictures were given back.
    }
cancel-counts = { used-part }, since within the hour before you had cancelled another job that was being drawn.
cancel-next-counts = It was being drawn already. That is free once in an hour: if you cancel another job that is being drawn before <t:{ NUMBER($until_s, useGrouping: 0) }:t>, the part already drawn counts.
button-cancel = Cancel
button-cancel-number = Cancel #{ $number }

## Presence

presence-starting = starting the image model
presence-downloading = downloading the model: { $percent } %
presence-loading = loading the model: { $percent } %
presence-warming = warming up: { $percent } %
presence-ready = /imagine
presence-draining = restarting
presence-disk-full = waiting for room on the disk
presence-unloading = leaving the graphics card
presence-unloaded = resting until the next command
presence-freed = my host needs the graphics card just now
presence-quiet-hours = my host needs the graphics card until { $until }
presence-card-taken = my host needs the graphics card just now
presence-failed = the model could not be started
