## What admins of a server and the bot's host do, and what stands in their way.

error-draining = My host lets me finish what is in line and takes no new work for now. Try again later. Nothing was charged.
error-not-an-admin = Only who may manage this server can do that.
error-not-the-host = Only the host of the bot can do that.
error-quota-number-missing = Say how many pictures it should be. To take a limit away, use /admin quota clear. Nothing was changed.
error-quota-above-most = { $wanted } pictures are more than the bot's host allows one member of this server ({ $most } in { $hours ->
        [one] an hour
       *[other] { $hours } hours
    }). The host can raise that with /host share. Nothing was changed.
error-grants-above-most = That member already has { $unspent } granted pictures to spend, and the bot's host allows at most { $most } for one member of this server. Nothing was changed.
error-server-unknown = I know no such server. /host servers lists the ones I do. Nothing was changed.

engine-paused = The bot's host has paused the drawing; your place is kept.
presence-paused = paused by the host

admin-set = { $member } now has a limit of their own: { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    }.
admin-set-removed = { $member } has no limit of their own any more; it was { $terms }. Now { admin-clear-then }.
admin-default-set = Members of this server without a limit of their own now have { $terms }. A rule of one of their roles counts where it gives more.
admin-clear-question = { $whose ->
        [server] Take away this server's default, { $terms }?
       *[member] Take away the limit that { $member } has alone, { $terms }?
    } Then { admin-clear-then }.
admin-clear-then = { $source ->
        [server] this server's default counts: { $then }
       *[host] the default of the bot's host counts: { $then }
    }{ $roles ->
        [yes] , or the rule of a role where that gives more{ $whose ->
            [server] {""}
           *[member] ; /admin quota view says which
        }
       *[no] {""}
    }
admin-clear-nothing = { $whose ->
        [server] This server has no default of its own.
       *[member] { $member } has no limit of their own.
    } Nothing was changed.
admin-clear-kept = Nothing was changed.
button-clear-yes = Take it away
admin-default-removed = This server has no default of its own any more; it was { $terms }. Now { admin-clear-then }.
admin-granted = { $member } got { $pictures ->
        [one] { $pictures } more picture
       *[other] { $pictures } more pictures
    }.
admin-reset = { $pictures ->
        [0] { $member } had spent nothing, so nothing was given back.
        [one] { $member } got { $pictures } spent picture back.
       *[other] { $member } got { $pictures } spent pictures back.
    }
admin-weighed = { $weight ->
        [1] { $member } gets as much of the graphics card as every ordinary member of this server.
       *[other] { $member } now gets { $weight } times as much of the graphics card as an ordinary member of this server while others wait too.
    }
admin-changes = What admins and the host changed in this server
admin-no-changes = Nobody has changed anything in this server yet.

audit-quota-set = { $actor } set the limit of { $member } to { $pictures }
audit-quota-removed = { $actor } removed the limit of { $member }
audit-default-set = { $actor } set this server's default to { $pictures }
audit-default-removed = { $actor } removed this server's default
audit-grant = { $actor } granted { $pictures } to { $member }
audit-reset = { $actor } reset { $member }: { $pictures } back
audit-weight = { $actor } let { $member } count { $weight } times in line
audit-share = The host set what this server may use of the graphics card
audit-cancel-moderator = { $actor } cancelled #{ $number } of { $member }
audit-cancel-host = The bot's host cancelled #{ $number } of { $member }
audit-row = { $what } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>

host-servers = Servers, the busiest of the last { $hours ->
        [one] hour
       *[other] { $hours } hours
    } first
host-server = **{ $server }** · { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    } · { $open ->
        [one] { $open } job
       *[other] { $open } jobs
    } in line · share { $share } · at most { $most } for one member
host-servers-more = … and { $rest } more.
host-server-left = Server { $server } has removed me. What its members asked for, with { $pictures ->
        [one] one picture
       *[other] { $pictures } pictures
    }, goes on <t:{ NUMBER($at_s, useGrouping: 0) }:D>, unless it has invited me again by then.
host-server-gone = Server { $server } has removed me for good: what its members asked for is being deleted.
host-no-servers = I am in no server yet.
host-shared = Now: { $row }
host-paused = Paused. Jobs are still accepted and keep their places; the picture in hand is finished. /host queue resume goes on.
host-resumed = Working as usual again.
host-draining = I finish what is in line and accept nothing new. /host queue resume takes that back.
host-status-engine = Engine: { $phase } · profile { $profile } ({ $device }) · { $door }
host-status-engine-detail = Engine detail: { $detail }
host-status-line = Line: { $waiting ->
        [one] { $waiting } picture
       *[other] { $waiting } pictures
    } waiting, { $running } being drawn
host-status-disk = Disk: { $gib } GiB free
host-status-archive = Archive: { $detail }
host-status-clock = Clock: { $seconds } s { $where ->
        [ahead] ahead of
       *[behind] behind
    } Discord's. Set this host's clock, for example by NTP: every time that members are told is wrong by as much.
host-status-loop = Event loop: { $milliseconds } ms late at worst
host-status-model = Model: transformer { $transformer }; text encoder { $encoder }; computed in { $precision }{ $base ->
        [yes] ; base checkpoint too
       *[no] {""}
    }
host-status-limits = Limits: { $tokens } tokens of 16×16 px a picture, { $references ->
        [one] { $references } reference
       *[other] { $references } references
    }, { $batch ->
        [one] { $batch } picture
       *[other] { $batch } pictures
    } at once
host-status-classifier = Classifier: { $phase ->
        [starting] { $model } is being loaded; pictures wait for it at most a minute
        [ready] { $model }
        [failed] { $model } cannot be used; pictures are delivered unjudged
       *[off] off, pictures are not judged (KLEINBOT_CLASSIFIER)
    }{ $phase ->
        [off] {""}
       *[other] {" "}· { $passed } passed, { $blocked } blocked, { $unjudged } unjudged · { $milliseconds } ms
    }
host-status-classifier-detail = Classifier detail: { $detail }
host-status-estimate = Told starts: half within { $p50 } s, 95 % within { $p95 } s (last { $count ->
        [one] job
       *[other] { $count } jobs
    })
host-status-ends = Told ends: half within { $median } s, 90 % within { $p90 } s (last { $count ->
        [one] job
       *[other] { $count } jobs
    })
host-status-batches = Batches (how many × pictures): { $sizes } · card idle { $idle } % of the time with work
host-status-memory = { $times ->
        [0] Out of memory: never since the start
        [one] Out of memory once since the start: { $rungs }
       *[other] Out of memory { $times } times since the start: { $rungs }
    }
format-plain = unquantised
format-fp8 = FP8
format-int8 = INT8
placement-resident = { $device ->
        [cpu] in memory
       *[cuda] on the graphics card
    }
placement-streamed = streamed from memory
placement-disk = read from disk
rung-batch-of-one = one picture at a time
rung-lean-decode = lean decode
rung-streamed-encoder = encoder streamed
rung-give-up = given up
host-phase-starting = starting
host-phase-downloading = downloading ({ $percent } %)
host-phase-loading = loading ({ $percent } %)
host-phase-warming = warming up ({ $percent } %)
host-phase-ready = ready
host-phase-disk-full = waiting for room on the disk
host-phase-draining = stopping
host-phase-failed = failed
host-door-open = open
host-door-paused = paused
host-door-freed = paused, the card is freed
host-freed = Paused, and the model leaves the graphics card within seconds: the picture in hand is finished at once or waits again. Jobs are still accepted and keep their places. /host queue resume loads it again.
host-phase-unloading = leaving the graphics card
host-phase-unloaded = not loaded; the next job loads it
host-phase-freed = { $loaded ->
        [yes] leaving the graphics card: you freed it
       *[no] not loaded: you freed the card
    }
host-phase-quiet-hours = { $loaded ->
        [yes] finishing what is begun: quiet hours
       *[no] not loaded: quiet hours
    }{ $until_s ->
        [0] {""}
       *[other] {" "}until <t:{ NUMBER($until_s, useGrouping: 0) }:t>
    }
host-phase-card-taken = { $loaded ->
        [yes] finishing what is begun: another program takes the card's memory
       *[no] not loaded: another program has the card's memory; looked at again every minute
    }
host-door-draining = draining
