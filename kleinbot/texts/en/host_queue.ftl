## /host queue: the whole line as the bot's host sees it, and the words for lanes

lane-token = promised for its reply
lane-relaxed = nothing promised

host-queue-title = The whole line: { $jobs ->
        [one] { $jobs } job
       *[other] { $jobs } jobs
    }
host-queue-sums = { $waiting ->
        [one] { $waiting } picture
       *[other] { $waiting } pictures
    } waiting, { $running } being drawn, { host-queue-cost } in all · { $door }
host-queue-empty = Nothing waits and nothing is being drawn · { $door }
host-queue-row = **#{ $number }** · { $server } · { $member } · { $kind }
host-queue-running = being drawn · { $lane } · { host-queue-cost }
host-queue-storing = made, being stored · { $lane }
host-queue-waiting = { queue-place }, starts { $starts } · { $lane } · { host-queue-cost }
host-queue-held = { queue-place } · { $lane } · { host-queue-cost }
host-queue-cost = { $cost ->
        [1] 1 picture's worth of work
       *[other] { $cost } pictures' worth of work
    }
host-queue-page = Page { $page } of { $pages }
host-queue-choice = #{ $number } · { $server } · { $kind } · { $lane }

kind-imagine = picture
kind-imagine-best = picture, best quality
kind-edit = edit
kind-variations = variations

button-host-cancel = Cancel #{ $number }
button-pause = Pause
button-free = Free the card
button-resume = Resume
button-drain = Drain
button-refresh = Refresh
button-page-before = Earlier
button-page-after = Later
