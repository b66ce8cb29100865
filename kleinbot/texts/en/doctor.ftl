## What `python bot.py doctor` says.

doctor-ok = ok
doctor-warning = warning
doctor-problem = problem
doctor-starts = The bot would start.
doctor-sandbox-starts = The sandbox would start: { PROGRAM() }. To go live on Discord: create an application at https://discord.com/developers/applications and press Reset Token on its page Bot, put DISCORD_TOKEN=… into a file named .env here, run { PROGRAM() } doctor again for the link that invites the bot, then { PROGRAM() } run.
doctor-sandbox-does-not-start = The sandbox would not start: mend what is marked as a problem.
doctor-does-not-start = The bot would not start: mend what is marked as a problem.

doctor-topic-settings = Settings
doctor-topic-python = Python
doctor-topic-torch = PyTorch
doctor-topic-libraries = Libraries
doctor-topic-intake = Reading pictures
doctor-topic-card = Graphics card
doctor-topic-driver = Driver
doctor-topic-card-memory = Graphics memory
doctor-topic-host-memory = Machine's memory
doctor-topic-disk = Disk
doctor-topic-weights = Weights
doctor-topic-classifier = Classifier
doctor-topic-mode = How the model sits
doctor-topic-reason = Why
doctor-topic-profile = Profile
doctor-topic-peaks = Predicted peaks
doctor-topic-token = Token
doctor-topic-clock = Clock
doctor-topic-servers = Servers
doctor-topic-data-folder = Data folder
doctor-topic-database = Database
doctor-topic-archive = Archive

doctor-not-looked-at = Not looked at: it depends on the settings, which have to be mended first.
doctor-settings = { $sentence }
doctor-settings-open = Other accounts of this machine may read { $file }, which can hold the bot's token. Run: chmod 600 { $file }
doctor-python = Python { $version } on { $system }.
doctor-python-windows = Python { $version } on { $system }. kleinbot runs on Windows, but its speed and memory are not measured there.
doctor-torch = PyTorch { $version }, { $cuda ->
        [none] for the CPU
       *[other] for CUDA { $cuda }
    }.
doctor-torch-for-card = PyTorch { $version } for CUDA { $cuda } has kernels for { $card }.
doctor-torch-broken = PyTorch cannot be used: { $reason }. Install it again: { PIP() } install --force-reinstall "torch<2.14"
doctor-libraries = { $libraries }.
doctor-intake = Pictures from members are read in processes of their own, with { NUMBER($most_mib, useGrouping: 0) } MiB each at most.
doctor-intake-away = No process that reads pictures came up, so edits and variations of attached pictures would be refused. Look whether this Python ({ $python }) may start another one, and at the limits for processes and memory (ulimit -a, or the unit's).
doctor-library-missing = { $library } is not installed. Run: { INSTALL() }
doctor-library-old = { $library } { $version } is too old; { $wanted } or newer is needed. Run: { INSTALL() } --upgrade
doctor-library-new = { $library } { $version } is newer than what kleinbot was tried with (below { $untried }). If something breaks, run: { INSTALL() } --upgrade
doctor-card = { $card }, compute capability { $capability }.
doctor-card-unmeasured = { $card }, compute capability { $capability }. Unmeasured: kleinbot was measured on H100 and H200 only; on this card its speed is not known, and its memory is predicted from those.
doctor-card-none = No NVIDIA graphics card is found, so the processor draws.
doctor-card-none-windows = No NVIDIA graphics card is found, so the processor draws. If there is one, install NVIDIA's driver.
doctor-card-not-found = No NVIDIA graphics card is found. If there is one, install NVIDIA's driver; if there is none, leave KLEINBOT_DEVICE out.
doctor-card-lost = The driver counts another graphics card that it does not show (NVML answers { NUMBER($number, useGrouping: 0) }); the bot does without it. See what nvidia-smi says; restarting this machine often brings it back.
doctor-card-several = The bot uses { $card }, the one that serves best, and not { $others }. Set CUDA_VISIBLE_DEVICES to choose another one (with CUDA_DEVICE_ORDER=PCI_BUS_ID the numbers are those of nvidia-smi).
doctor-driver = NVIDIA driver { $version }.
doctor-card-memory = { $free } of { $total } GiB are free; torch may use { $usable } GiB of them.
doctor-card-left-free = KLEINBOT_LEAVE_FREE_GIB keeps { $left } GiB of the card for other programs; the profile is chosen for the rest.
doctor-card-memory-held = { $held } of { $total } GiB are held by other programs ({ $programs }), which leaves { $usable } GiB for torch. Close a game or another model to get a better profile.
doctor-card-memory-untold = The bot is running, and Windows does not tell what it holds of the graphics card, so the figures here are those of an empty one. Stop the bot and ask again to see what other programs leave it.
doctor-host-memory = { $available } of { $total } GiB are available.
doctor-host-memory-low = { $available } of { $total } GiB are available, { $wanted } would be comfortable. Close other programs, or expect a slow start.
doctor-disk = { $free } GiB are free at { $folder }.
doctor-disk-low = Only { $free } GiB are free at { $folder }. Make room soon: pictures are kept there.
doctor-disk-full = Only { $free } GiB are free at { $folder }, so nothing would be drawn. Make room, or set KLEINBOT_DATA_FOLDER to another disk.
doctor-disk-unknown = How much is free at { $folder } cannot be told.
doctor-weights-small = The small model that comes along, complete. It draws coloured shapes of 256×256.
doctor-weights-left-alone = KLEINBOT_WEIGHTS ({ $weights }) is not used, since no graphics card can run it here (see above and below) and on the CPU it would need { $needed } GiB of memory. The small model that comes along draws coloured shapes instead. KLEINBOT_DEVICE=cpu takes the weights nevertheless where that much is available.
doctor-weights-left-alone-unseen = KLEINBOT_WEIGHTS ({ $weights }) is not used, since no graphics card can run it here (see above and below); what it holds is not looked at before one can. The small model that comes along draws coloured shapes instead.
doctor-weights-folder = Complete, by their headers: { $folder }
doctor-classifier-off = Off: nobody looks at the pictures before members do. KLEINBOT_CLASSIFIER turns it on.
doctor-classifier-small = Off: the small model draws shapes, which need no judge.
doctor-classifier-here = { $model } judges each picture before anybody sees it, on the processor; it takes { $memory } GB of memory. Its mistakes were not measured.
doctor-classifier-download = { $model } judges each picture before anybody sees it. The start downloads { $size } GB; it takes { $memory } GB of memory and time of the processor for each picture: not measured for the model that comes by default. Its mistakes were not measured either. KLEINBOT_CLASSIFIER=off declines it.
doctor-classifier-download-unknown = { $model } judges each picture before anybody sees it. The start downloads it. KLEINBOT_CLASSIFIER=off declines it.
doctor-weights-download = { $repository } is not complete here yet. The start downloads { $size } GB to { $folder }.
doctor-weights-no-disk = Of { $repository } { $size } GB are still to be downloaded, but only { $free } GB are free at { $folder }. Make room, or set HF_HOME to another disk.
doctor-weights-unreachable = { $repository } is not complete here, and the start could not download the rest now: { $reason }. Check this host's network and the repository's name, or point KLEINBOT_WEIGHTS at a folder.
doctor-weights-offline = { $repository } is not complete here and HF_HUB_OFFLINE forbids to download it. Unset it, or point KLEINBOT_WEIGHTS at a folder.
doctor-mode = { $where ->
        [cpu] The processor draws
        [moved] The model waits in this machine's memory or on its disk and visits the graphics card part by part for each picture
       *[card] The model stays on the graphics card
    }, { $format ->
        [float32] in 32 bits
        [plain] in 16 bits (BF16)
        [fp8] in 8 bits (FP8)
       *[eight] in 8 bits
    }{ $encoder ->
        [eight] ; its text encoder in 8 bits
        [plain] ; its text encoder in 16 bits
        [memory] ; its text encoder waits in this machine's memory
        [disk] ; its text encoder waits on disk
       *[same] {""}
    }{ $base ->
        [yes] ; the base checkpoint for /imagine quality:best beside it
       *[no] {""}
    }{ $compiled ->
        [yes] ; compiled
        [fused] ; in its own kernels
       *[no] {""}
    }.
doctor-why-not-larger = All of it in 16 bits would need { $needed } GiB; { $usable } GiB can be used.
doctor-why-memory-not-time = On this graphics card 8 bits save memory, not time: { $reason ->
        [card] it has no FP8 arithmetic.
        [windows] PyTorch for Windows lacks a part of the FP8 arithmetic that the card itself has.
       *[format] these weights are turned into 16 bits for each product.
    }
doctor-why-fp8 = This graphics card computes in FP8 itself, so 8 bits save memory and cost no time.
doctor-why-encoder-moved = The text encoder does not fit beside the rest, so { $gib } GiB go from { $place ->
        [disk] disk
       *[memory] this machine's memory
    } to the graphics card for each picture. { PROGRAM() } bench tells what that takes here.
doctor-why-compiled = Compiling takes about a minute at the first start, and makes each picture faster.
doctor-why-fused = Its own kernels make each picture faster, and the start takes seconds instead of minutes: nothing is compiled.
doctor-why-no-compiler = Compiled, the model would be faster on this graphics card, but { $system ->
        [windows] the package triton-windows is not installed. Run: { PIP() } install triton-windows
       *[other] Triton or a C compiler is missing. Install one, for example: sudo apt install gcc
    }
doctor-why-smaller = Pictures of 1024×1024 do not fit what is free on the graphics card, so they are { $side }×{ $side } at most. Closing other programs may help.
doctor-profile = { $profile }: pictures of up to { $side }×{ $side }, { $references ->
        [0] no edits
        [one] edits with one picture
       *[other] edits with up to { $references } pictures
    }, { $batch ->
        [one] one at a time
       *[other] up to { $batch } at once
    }, { $compiled ->
        [yes] compiled
        [fused] in its own kernels
       *[other] not compiled
    }. What would be better needs more memory than is free: { $reason }.
doctor-profile-best = { $profile }: pictures of up to { $side }×{ $side }, { $references ->
        [0] no edits
        [one] edits with one picture
       *[other] edits with up to { $references } pictures
    }, { $batch ->
        [one] one at a time
       *[other] up to { $batch } at once
    }, { $compiled ->
        [yes] compiled
        [fused] in its own kernels
       *[other] not compiled
    }. Nothing would be better here.
doctor-peaks = One picture of { $side }×{ $side }: encode { $encode }, denoise { $denoise }, decode { $decode } GiB; an edit with { $references ->
        [one] one reference
       *[other] { $references } references
    } { $edit } GiB, of { $usable } GiB.
doctor-token-none = DISCORD_TOKEN is not set, so { PROGRAM() } opens the sandbox: kleinbot without Discord, for you to try. It keeps its own data.
doctor-token = Discord knows it: { $name }.
doctor-token-unchecked = It has the right shape, but Discord could not be asked ({ $reason }). Check this host's network: the bot starts, and goes on trying until Discord answers.
doctor-clock = Within { $seconds } s of Discord's.
doctor-clock-wrong = It is { $seconds } s { $where ->
        [ahead] ahead of
       *[behind] behind
    } Discord's. Set it, for example by NTP: every time that members are told is wrong by as much.
doctor-servers = In { $count ->
        [one] one server
       *[other] { $count } servers
    } with all permissions: { $servers }
doctor-servers-none = The bot is in none of the servers it may work in. Invite it: { $invitation }
doctor-servers-anybody = Every Discord server may invite the bot and draw here: KLEINBOT_ALLOWED_SERVERS is empty and the application is public. List your servers' ids in KLEINBOT_ALLOWED_SERVERS, or turn off Public Bot on the page Bot of https://discord.com/developers/applications.
doctor-servers-lacking = Permissions are missing in { $servers }. Give them to the bot's role, or invite it again: { $invitation }
doctor-data-folder = { $folder }
doctor-data-folder-new = { $folder } will be made.
doctor-data-folder-open = Other accounts of this machine may read { $places }{ $more ->
        [0] {""}
       *[other] {" "}and { $more } more
    }. The next start of the bot closes them, and with the folder every picture in it. If this is said again after that, they belong to another account: run chmod -R go= { $folder } as that one.
doctor-database = Whole, schema { $version }.
doctor-database-new = None yet; the first start makes it.
doctor-database-older = Whole, schema { $found }; the next start backs it up and brings it to { $known }.
doctor-archive = It belongs to this database: { $folder }
doctor-archive-empty = No pictures yet.
doctor-database-damaged = { $file } cannot be used: { $reason }. Restore the newest backup that lies beside it.
