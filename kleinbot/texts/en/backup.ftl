backup-looks = Looking at what is there already: { $done } files …
backup-copies-database = Copying the database: { $percent } % …
backup-copies-pictures = Copying pictures: { $done } of { $total } ({ $percent } %) …
backup-made = The backup in { $folder } is whole: { $jobs ->
        [one] one job
       *[other] { $jobs } jobs
    }, { $pictures ->
        [one] one picture
       *[other] { $pictures } pictures
    } ({ $copied } new), { $size } MiB.
backup-left-out = { $pictures ->
        [one] One picture that the database knows is not in it, because the archive did not have it, or not whole:
       *[other] { $pictures } pictures that the database knows are not in it, because the archive did not have them, or not whole:
    }
backup-file = { $file }
backup-without-aside = What `archive adopt` put aside in { $folder } is not in it: it belongs to another database.
restore-checks-pictures = Checking pictures: { $done } of { $total } ({ $percent } %) …
restore-copies-pictures = Copying pictures: { $done } of { $total } ({ $percent } %) …
restore-checked = The backup in { $folder } is whole: { $jobs ->
        [one] one job
       *[other] { $jobs } jobs
    } and { $pictures ->
        [one] one picture
       *[other] { $pictures } pictures
    }.
restore-there = { $folder } is not empty: { $names }.
restore-there-jobs = { $jobs ->
        [one] The database there knows one job.
       *[other] The database there knows { $jobs } jobs.
    }
restore-asks = The backup of { $made } ({ $jobs ->
        [one] one job
       *[other] { $jobs } jobs
    }, { $pictures ->
        [one] one picture
       *[other] { $pictures } pictures
    }) takes the place of the database and the archive. Those that are there are moved to { $aside }; nothing is deleted.
restore-done = Restored into { $folder }: { $jobs ->
        [one] one job
       *[other] { $jobs } jobs
    } and { $pictures ->
        [one] one picture
       *[other] { $pictures } pictures
    }. Start the bot.
restore-aside = What was there before lies in { $folder }. Delete it yourself once you do not need it any more.
restore-finished = The restore of { $backup } that was interrupted is finished; it lies in { $folder }. Start the bot.
yes-or-no = y/N
yes-or-no-asked = Please answer { $choice }.
