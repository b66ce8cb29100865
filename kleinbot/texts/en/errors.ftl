error-unexpected = Something went wrong on my side. /quota shows whether anything was charged. If it happens again, tell the bot's host this code: { $incident }
error-command-changed = This command has changed, and your Discord still shows the old one. Try again in a minute; if it stays so, restart Discord. Nothing was charged.
error-button-unknown = That button belongs to another version of me, so I cannot do what it says. The command for it still works. Nothing was charged.

error-prompt-blank = The prompt has nothing in it that can be seen. Say in a few words what the picture should show. Nothing was charged.
error-prompt-empty = The prompt is empty once control words are taken out. Say in a few words what the picture should show.
error-prompt-too-long = The prompt is { $tokens } tokens long and the model reads at most { $limit }. Shorten it by about { $excess } words.
error-seed-out-of-range = The seed { $seed } is out of range. Use a whole number from 0 to 4294967295, or leave it out.
error-count-out-of-range = { $count } pictures at once is not possible. Ask for 1 to { $most }.
error-not-in-a-server = I only work inside a server, not in direct messages.
error-server-not-allowed = My host has not opened me for this server. Ask whoever runs the bot to add its id to the allowed servers.
error-quota-exhausted = You have { $left } of { $limit } pictures left for now and this needs { $needed }: { quota-gives }. { $returns_s ->
        [0] That is more than it ever leaves at once: ask for fewer pictures.
       *[other] Enough comes back <t:{ NUMBER($returns_s, useGrouping: 0) }:R>.
    } Nothing was charged.
error-quota-everywhere = You have spent { $spent } pictures in the last { $hours ->
        [one] hour
       *[other] { $hours } hours
    }, counted over every server in which you use me, and one person gets { $most }. This needs { $needed }. { $returns_s ->
        [0] Ask for fewer pictures.
       *[other] Enough comes back <t:{ NUMBER($returns_s, useGrouping: 0) }:R>.
    } Nothing was charged.
try-again = { $retry_at_s ->
        [0] Try again once I draw again.
       *[other] Try again <t:{ NUMBER($retry_at_s, useGrouping: 0) }:R>.
    }
try-again-or-cancel = { $retry_at_s ->
        [0] Try again once I draw again, or cancel something with /cancel.
       *[other] Try again <t:{ NUMBER($retry_at_s, useGrouping: 0) }:R>, or cancel something with /cancel.
    }
error-line-full = The line is full right now. { try-again } Nothing was charged.
error-member-line-full = You already have { $outstanding } pictures' worth of work in line, and one member may have { $limit }. { try-again-or-cancel } Nothing was charged.
error-server-line-full = This server already has { $outstanding } pictures' worth of work in line; with yours it may be at most { $limit }. { try-again } Nothing was charged.
error-stopping = I am being restarted by my host and take no new work. Try again in a minute. Nothing was charged.
error-engine-failed = The image model could not be started, so I cannot draw at the moment. My host can see why in the log. Nothing was charged.
error-does-not-fit = { $inputs ->
        [0] A picture of { $size } does not fit into my graphics card's memory.
        [one] A picture of { $size } made from one input picture does not fit into my graphics card's memory.
       *[other] A picture of { $size } made from { $inputs } input pictures does not fit into my graphics card's memory.
    } { $fits ->
        [0] { $fits_size ->
                [none] Nothing smaller does either: tell the bot's host.
               *[other] Without input pictures, { $fits_size } does.
            }
        [one] With one input picture it does.
       *[other] With { $fits } input pictures it does.
    } Nothing was charged.
error-checkpoint-not-here = This was made in best quality, for which this host no longer has the model. Take its prompt into /imagine without that. Nothing was charged.
error-disk-full = The disk of the bot's host is full, so this could not be done: nothing has changed and nothing was charged. Try again once there is room.
error-database-busy = Another program on the bot's host holds up its database, so this could not be done: nothing has changed and nothing was charged. Try again in a few seconds.

error-option-out-of-range = { $option } must lie between { NUMBER($least, useGrouping: 0) } and { NUMBER($most, useGrouping: 0) }. Nothing was changed.
error-option-too-long = { $option } must be a text of at most { NUMBER($most, useGrouping: 0) } characters. Nothing was changed.
error-option-not-offered = { $option } is none of the values that the command offers. Choose one from its list. Nothing was changed.
error-job-unknown = I know no job { $job } of yours here. /queue lists the ones that are waiting or running.
error-job-not-here = That job is not known in this server.
error-nothing-open = You have nothing waiting or running, so there is nothing to cancel.
error-job-not-yours = #{ $number } belongs to somebody else. Only they or a moderator can cancel it.
error-job-already-ended = #{ $number } has already ended, so there is nothing to cancel.
error-cancelled-by-moderator = { $by ->
        [nobody] A moderator of this server
       *[other] <@{ $by }>, who moderates this server,
    } cancelled this.
error-cancelled-by-host = The bot's host{ $by ->
        [nobody] {""}
       *[other] { " " }(<@{ $by }>)
    } cancelled this.
error-server-left = The server has removed the bot.

error-render-failed = The picture could not be made. You were not charged. Trying again may help; if it does not, tell the bot's host.
error-out-of-memory = The graphics card ran out of memory for this picture. You were not charged. A smaller count or size may fit.
error-host-out-of-memory = My host's computer ran out of memory for this picture. You were not charged. Try again in a few minutes.
error-checkpoint-gone = While this waited, my host took away the model for best quality, so what is missing cannot be made. You were not charged for it; /imagine without best quality still works.
error-model-changed = While this waited, my host changed to another model, which cannot make this as you ordered it. You were not charged for what is missing. A new command asks the model that draws now.
error-gave-up-after-crashes = The bot stopped { $times } times while making this picture, so I gave up on it. You were not charged.

error-picture-not-an-image = That file is not a picture. Attach a PNG, JPEG, WebP, GIF or AVIF.
error-picture-truncated = That picture is incomplete or damaged. Save it again and attach the new file.
error-picture-too-many-bytes = That file is too large. The limit is 20 MiB.
error-picture-too-many-pixels = That picture has too many pixels. The limit is { $limit_megapixels } megapixels; scale it down first.
error-picture-too-small = That picture is too small. Each side needs at least 64 pixels.
error-picture-too-narrow = That picture is too long and narrow. One side may be at most 8 times the other.
error-picture-format-unsupported = I cannot read that kind of picture. Attach a PNG, JPEG, WebP, GIF or AVIF.
error-picture-png-of-xcode = That PNG was rewritten for iPhone apps (CgBI), and only Apple's programs read it. Open it on a Mac or an iPhone, save it again as PNG or JPEG, and attach that.
error-picture-unreachable = I could not fetch that picture from Discord. Attach it again.
error-picture-host-refused = I only fetch pictures that are kept by Discord: attach it, or paste a link to a picture at cdn.discordapp.com.
error-picture-took-too-long = That picture took too long to read, so I stopped. Save it again as PNG or JPEG. Nothing was charged.
error-picture-took-too-much-memory = That picture took more memory to read than I may use, so I stopped. Save it again as PNG or JPEG, or scale it down first. Nothing was charged.
error-picture-stopped-its-reader = I could not read that picture: it stopped the program that reads pictures. Save it again as PNG or JPEG. Nothing was charged.
error-picture-reader-away = I cannot read any picture right now. Try again in a minute; if it stays so, tell the bot's host. Nothing was charged.
error-downloads-of-member = You already have { $files ->
        [one] one file
       *[other] { $files } files
    } on { $files ->
        [one] its
       *[other] their
    } way to me; wait until one is in. Nothing was charged.
error-downloads-full = Too many files are on their way to me right now. Try again in a minute. Nothing was charged.
error-pictures-too-many = I am reading other pictures, and there is no room for more to wait. Try again in a minute. Nothing was charged.

error-weights-missing = The folder { $folder } lacks { $file }. Point KLEINBOT_WEIGHTS at a complete FLUX.2 [klein] 4B checkout, or at black-forest-labs/FLUX.2-klein-4B to download it.
error-weights-none = The folder { $folder } holds no weights of FLUX.2 [klein] 4B: neither a checkout of black-forest-labs/FLUX.2-klein-4B (model_index.json and the folders beside it), nor single files as in ComfyUI's folder (flux-2-klein-4b.safetensors or its FP8 file, qwen_3_4b.safetensors and flux2-vae.safetensors). Point KLEINBOT_WEIGHTS at a folder that does, or at black-forest-labs/FLUX.2-klein-4B to download it.
error-weights-not-klein = { $file } says { $found }, but FLUX.2 [klein] 4B needs { $wanted }. Point KLEINBOT_WEIGHTS at a FLUX.2 [klein] 4B checkout.
error-weights-other-model = { $file } is { $found }, and I draw with FLUX.2 [klein] 4B alone. Point KLEINBOT_WEIGHTS at a folder with its weights, or leave it out to download them.
error-weights-klein-9b = { $file } belongs to FLUX.2 [klein] 9B, whose licence forbids commercial use. Use FLUX.2 [klein] 4B: black-forest-labs/FLUX.2-klein-4B.
error-weights-wrong-vae = { $file } is not the VAE of FLUX.2 ({ $found } instead of { $wanted }). Another VAE gives washed-out colours. Take vae/ from black-forest-labs/FLUX.2-klein-4B.
error-weights-wrong-text-encoder = { $file } is not the text encoder of FLUX.2 [klein] 4B ({ $found } instead of { $wanted }). Take text_encoder/ from black-forest-labs/FLUX.2-klein-4B.
error-weights-quantisation-unknown = { $file } is quantised in a way that I do not know ({ $found }). Take flux-2-klein-4b-fp8.safetensors from black-forest-labs/FLUX.2-klein-4b-fp8, qwen_3_4b.safetensors, or the plain weights of black-forest-labs/FLUX.2-klein-4B.
error-weights-tokenizer-missing = The weights are there, but no tokenizer: I looked for { $places }. Put the folder tokenizer of black-forest-labs/FLUX.2-klein-4B (16 MB) beside them, or point KLEINBOT_WEIGHTS at ComfyUI's own folder, which has one.
error-weights-no-checkpoint = The weights of the { $checkpoint } model are not there, only: { $found }. Add them, or set the profile to use what is there. The base model is black-forest-labs/FLUX.2-klein-base-4B, the distilled one black-forest-labs/FLUX.2-klein-4B.
error-weights-base-alone = { $place } holds only the base checkpoint of FLUX.2 [klein] 4B, and every picture but those of quality:best is made with the distilled one. Set KLEINBOT_WEIGHTS=black-forest-labs/FLUX.2-klein-4B, which brings the base checkpoint along where the card has room for both; or put flux-2-klein-4b.safetensors (or its FP8 file) into your folder.
error-weights-damaged = { $file } is damaged or incomplete. Wanted: { $wanted }; found: { $found }. Delete it and download it again.
error-weights-kept-damaged = { $file }, the 8-bit weights that I had kept, had changed on the disk and is removed. What it was made of is fetched again. If this happens more than once, check this host's disk and memory.
error-weights-unreadable = { $file } could not be read: { $reason }. The file itself may be whole, so keep it; I try again by myself. If this stays, look at its permissions, at the disk it lies on, and at this host's memory.
error-weights-unreachable = { $repository } could not be downloaded: { $reason }. What has arrived is kept; start again to resume.
error-weights-refused = { $repository } cannot be downloaded: { $reason }. Check the name in KLEINBOT_WEIGHTS and the token in HF_TOKEN, or point KLEINBOT_WEIGHTS at a folder; then start again.
error-weights-settings = { $repository } cannot be downloaded with this host's settings: { $reason }. Mend that and start again, or point KLEINBOT_WEIGHTS at a folder.
error-weights-cache-unusable = Downloads cannot be kept in { $folder }: { $reason }. Set HF_HOME to a folder that I may write to, and start again.
error-weights-no-checkout = { $repository } is no diffusers checkout of FLUX.2 [klein] 4B: it has no { $file }. Set KLEINBOT_WEIGHTS=black-forest-labs/FLUX.2-klein-4B, or leave it out. Nothing was downloaded.
error-weights-no-room = The weights need { $wanted_gb } GB in { $folder }, and { $free_gb } GB are free. Make room or set HF_HOME to a folder on a larger disk. What has arrived is kept; start again to resume.
error-scratch-unusable = Weights that I read from disk for each picture could not be written to { $folder }: { $reason }. They need { $wanted_gb } GB there, and { $free_gb } GB are free. Make room or see that I may write there; I try again by myself, at the latest every ten minutes. Where this computer has enough memory, KLEINBOT_PROFILE_TEXT_ENCODER_PLACEMENT=streamed does without the disk.
error-diffusers-too-old = The installed diffusers is { $found }, and FLUX.2 [klein] needs { $wanted } or newer. Install it: { PIP() } install "diffusers>={ $wanted }"
error-torch-lacks-card = This PyTorch ({ $torch }) has no kernels for { $card } (compute capability { $capability }). Install a build for it: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
error-cuda-unavailable = The model is to run on an NVIDIA card, but PyTorch ({ $torch }) finds none that it can use. Check the driver and that PyTorch is a CUDA build, or set KLEINBOT_DEVICE=cpu. A bot that is online looks again by itself, at the latest every ten minutes.
error-torch-without-cuda = This PyTorch ({ $torch }) is a build for the CPU alone and cannot use { $card }. Install one for CUDA: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
error-driver-too-old = The NVIDIA driver { $driver } is too old for this PyTorch (CUDA { $cuda }). Install driver { NUMBER($wanted, useGrouping: 0) } or newer.
error-driver-mismatch = The NVIDIA driver was renewed while this system was running, and its parts no longer fit each other. Reboot this machine.
error-driver-shows-no-card = The NVIDIA driver is there, but does not show its card (NVML answers { NUMBER($number, useGrouping: 0) }). See what nvidia-smi says; in a container, give it the driver's utilities (NVIDIA_DRIVER_CAPABILITIES=compute,utility).
error-card-too-old = { $card } (compute capability { $capability }) cannot compute in BF16; FLUX.2 [klein] needs a graphics card of the RTX 30 series (8.0) or newer. Leave KLEINBOT_DEVICE out: the small model that comes along then draws on the CPU.
error-waits-for-card = So far FLUX.2 [klein] drew here, and now there is no card for it: { $problem ->
        [error-card-too-full] { $card } has { $free } of { $total } GiB free, and even the smallest way ({ $profile }) needs { $needed } GiB. Close the game or other program that holds the rest (nvidia-smi lists them)
        [error-profile-no-room] { $card } has { $free } of { $total } GiB free, and the profile { $profile } that the KLEINBOT_PROFILE_ settings ask for needs { $needed } GiB. Close the game or other program that holds the rest (nvidia-smi lists them), or ask for less
        [error-card-too-old] { $card } (compute capability { $capability }) is too old for it. Put in a graphics card of the RTX 30 series (8.0) or newer
        [error-torch-without-cuda] this PyTorch ({ $torch }) is a build for the CPU alone and cannot use { $card }. Install one for CUDA: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
        [error-torch-lacks-card] this PyTorch ({ $torch }) has no kernels for { $card }. Install a build for it: { PIP() } install "torch=={ $wanted }" --index-url https://download.pytorch.org/whl/{ $build }
        [error-driver-too-old] the NVIDIA driver { $driver } is too old for this PyTorch (CUDA { $cuda }). Install driver { NUMBER($wanted, useGrouping: 0) } or newer
        [error-driver-mismatch] the NVIDIA driver was renewed while this system was running. Reboot this machine
        [error-driver-shows-no-card] the NVIDIA driver does not show one (NVML answers { NUMBER($number, useGrouping: 0) }). See what nvidia-smi says and repair the driver
       *[none] neither the NVIDIA driver nor PyTorch shows one. See what nvidia-smi says and repair the driver; after an update of the driver, restart the machine
    }. I look again by myself, at the latest every ten minutes; what waits keeps its place. The small model that comes along does not draw in its stead unless you say so: KLEINBOT_DEVICE=cpu, with KLEINBOT_WEIGHTS left out, goes on with it, and what waits is refunded.
error-waits-for-weights = FLUX.2 [klein] drew here so far, and now its weights cannot be read: { $file }: { $reason }. Look at the disk or network share that they lie on. I look again by myself, at the latest every ten minutes; what waits keeps its place.
error-cpu-no-memory = KLEINBOT_DEVICE is cpu, where the weights at KLEINBOT_WEIGHTS need { $needed } GiB of memory, and { $available } GiB are available. Leave KLEINBOT_WEIGHTS out for the small model that comes along, close other programs, or set KLEINBOT_PROFILE_TRANSFORMER and KLEINBOT_PROFILE_TEXT_ENCODER to int8, which takes less than half of it.
error-start-out-of-memory = Memory ran out while the model was brought up: the profile { $profile } needs about { $needed } GiB, and { $free } GiB are free. Close the game or other program that holds the rest; I try again by myself, at the latest every ten minutes, from the second time on with a smaller profile where one fits. Or ask for less yourself: KLEINBOT_PROFILE_TEXT_ENCODER_PLACEMENT=streamed or KLEINBOT_PROFILE_TRANSFORMER=int8.
error-start-host-out-of-memory = This computer's memory (not the graphics card's) ran out while the model was brought up with the profile { $profile }: { $available } GiB were free. Close other programs, give the container or unit a higher memory limit, or enlarge the paging file; I try again by myself, at the latest every ten minutes.
error-runs-untuned = This host cannot run the model tuned, so it draws plainly, which is slower. The reason: { $reason }
error-no-native-products = This host's torch or card cannot multiply 8-bit floats, so their weights are widened for each product, which is slower and takes a little more memory. KLEINBOT_PROFILE_TRANSFORMER=int8 gives better pictures at the same speed. The reason: { $reason }
error-products-wrong = This host computes wrong numbers with 8-bit weights, so every picture would be noise and none is drawn. Renew the graphics driver and torch, or ask for KLEINBOT_PROFILE_TRANSFORMER=plain and KLEINBOT_PROFILE_TEXT_ENCODER=plain; then restart me. What was found: { $reason }
error-card-too-full = { $card } has { $free } of { $total } GiB free, of which { $usable } GiB can be used. Even the smallest way ({ $profile }) needs { $needed } GiB while it { $stage ->
        [encode] reads prompts and pictures
        [denoise] denoises
       *[other] decodes
    }. Close other programs that use the graphics card (nvidia-smi lists them), or leave KLEINBOT_DEVICE out: the small model that comes along then draws on the CPU.

error-profile-no-room = The profile { $profile } that the KLEINBOT_PROFILE_ settings ask for needs { $needed } GiB while it { $stage ->
        [encode] reads prompts and pictures
        [denoise] denoises
       *[other] decodes
    }, but only { $usable } GiB of { $card } can be used ({ $free } of { $total } GiB are free). Ask for 8 bits, a streamed text encoder, a lean decode or smaller pictures, or leave those settings out.
error-profile-no-fp8 = KLEINBOT_PROFILE_NATIVE_FP8 is on, but { $card } (compute capability { $capability }) has no FP8 arithmetic; that begins with the RTX 40 series (8.9). Leave the setting out: FP8 weights are then dequantised layer by layer.
error-profile-native-without-fp8 = KLEINBOT_PROFILE_NATIVE_FP8 is on, but KLEINBOT_PROFILE_TRANSFORMER is { $format }. FP8 arithmetic needs fp8 there.
error-profile-cpu-attention = KLEINBOT_PROFILE_ATTENTION is cudnn, which needs an NVIDIA card, but the model runs on the CPU. Leave the setting out.
error-profile-no-compiler = KLEINBOT_PROFILE_{ $setting } is on, but nothing here can compile. { $system ->
        [windows] Install the package triton-windows
       *[other] Install a C compiler (for example: apt install gcc) and a PyTorch for CUDA, which brings Triton
    }, or leave the setting out.
error-profile-format-not-offered = KLEINBOT_PROFILE_TRANSFORMER is { $format }, which the weights at KLEINBOT_WEIGHTS do not hold and cannot be turned into. Leave the setting out, or point KLEINBOT_WEIGHTS at weights that do.
error-profile-no-base = KLEINBOT_PROFILE_BASE_CHECKPOINT is on, but the weights at KLEINBOT_WEIGHTS hold no base checkpoint. Put flux-2-klein-base-4b.safetensors (or its FP8 file) there, or leave the setting out.
error-profile-no-host-memory = The profile keeps { $needed } GiB of weights in the host's memory, which has { $total } GiB in all. Set KLEINBOT_PROFILE_TEXT_ENCODER_PLACEMENT=disk, or leave the placement out.
error-profile-batch-too-large = KLEINBOT_PROFILE_LARGEST_BATCH is { $wanted }, but at full size only { $fitting } pictures fit on the graphics card at once. Ask for at most { $fitting }.

error-setting-invalid = { $setting } is { $value }, which cannot work: { $reason }
error-token-missing = There is no Discord token. Put DISCORD_TOKEN=… into the environment or a file named .env, or try "{ PROGRAM() } sandbox", which needs none.
error-token-refused = Discord refused the token. Copy it again from the Bot page of your application in Discord's developer portal into DISCORD_TOKEN.
error-intents-refused = Discord does not allow this application the intents that the bot asks for (close code 4014). The bot asks for none that needs to be enabled: look in Discord's developer portal whether the application is still in good standing, then start the bot again.
error-gateway-refused = Discord has ended the connection and takes no other one from this version of the bot (close code { $close_code }). Update kleinbot and its libraries, then start it again.
error-start-disk-full = Only { $free } MiB are free at { $folder }, and { $needed } MiB are needed to begin. Make room there, or set KLEINBOT_DATA_FOLDER to a place on another disk; nothing is lost.
error-service-from-cache = This kleinbot runs from { $cache }, a cache that may be emptied at any time (uvx keeps its environments there), and a service would then find nothing. Install it to stay: `uv tool install` with what stood behind `--from`, then `kleinbot service install`.
error-service-foreign = { $file } was not written by this installation of kleinbot, so it stays as it is. Move it away first, or keep it and leave this out.
error-service-odd-folder = The folder { $folder } has a character in its name that a service's file cannot hold. Rename it first.
error-service-unwritable = { $file } cannot be written or removed: { $reason }. With --system, run this as the administrator (sudo).
error-service-unsupported = On { $system }, kleinbot does not know how programs are started with the machine. Start { PROGRAM() } run with what your system has for that.
error-folder-in-use = The data folder { $folder } is in use by process { $pid }. Stop that one first, or set KLEINBOT_DATA_FOLDER to another folder.
error-folder-without-locks = Files in { $folder } cannot be locked ({ $reason }), so two bots could hand out the same job twice, and SQLite could damage its database. Some network shares are like that: mount it with locks, or set KLEINBOT_DATA_FOLDER to a folder on a disk of this machine.
error-folder-unusable = { $folder } cannot be used: { $reason }. It must belong to the account that runs the bot, which must be able to write there.
error-database-without-log = The database { $file } cannot have a write-ahead log here (SQLite stays with { $mode }). Some network shares are like that: set KLEINBOT_DATA_FOLDER to a folder on a disk of this machine.
error-database-foreign-log = { $file }-wal holds changes of another database file than the { $file } that lies beside it, and SQLite would mix the two. Nothing was changed. To put a copy back, move { $file } and the files on -wal and -shm beside it away together, then give the copy the name { $file }. If the file was exchanged by mistake, move the right one back to its log.
error-database-empty = The database { $file } is empty, but beside it { $folder } holds pictures. Nothing was changed or deleted. Put the database back, from a copy if need be; or move the empty file away to begin anew: the pictures stay, and `{ PROGRAM() } archive list{ $options }` tells what is there.
error-archive-of-another = { $pictures ->
        [0] The archive says that it belongs to another database than this one.
        [one] One picture belongs to another database than this one.
       *[other] { $pictures } pictures belong to another database than this one.
    } Nothing was deleted, and nothing is swept. Put that database back, or stop the bot and run `{ PROGRAM() } archive adopt{ $options }`.
error-archive-newer = The database is older than the archive: { $pictures ->
        [0] the archive knows jobs that the database does not.
        [one] one picture is of a job that it does not know.
       *[other] { $pictures } pictures are of jobs that it does not know.
    } Nothing was deleted, and nothing is swept. Put the newer database back, or stop the bot and run `{ PROGRAM() } archive adopt{ $options }`.
error-archive-no-database = The database { $file } is not there, or not of this version of kleinbot. Start the bot once: it makes or updates it.
error-archive-unknown = { $pictures ->
        [one] One picture in the archive is of a job that this database does not know. It is
       *[other] { $pictures } pictures in the archive are of jobs that this database does not know. They are
    } kept. If a newer database is at hand, put it back; else stop the bot and run `{ PROGRAM() } archive adopt{ $options }`.
error-backup-running = { $folder } is being backed up or restored already. Wait until that has ended.
error-backup-inside = A backup cannot lie in the data folder, nor around it: { $folder } and { $data }. Name a folder elsewhere, best on another disk.
error-backup-folder-not-ours = { $folder } holds other things than a backup of kleinbot. Nothing was changed. Name a new or an empty folder; one inside it will do.
error-backup-of-another = { $folder } holds the backup of another database. Nothing was changed. Name a folder of its own for this one.
error-backup-newer = The backup in { $folder } knows newer jobs than this database, which would take its place. Nothing was changed. Name another folder, or restore that backup if the newer jobs are missed.
error-backup-not-together = Database and archive in { $folder } do not belong together, so a copy would lack pictures. Nothing was changed. `{ PROGRAM() } archive list{ $options }` says what is wrong, and what settles it.
error-backup-no-room = There is no room at { $folder }: { $needed } MiB are needed and { $free } MiB are free. What was there before is whole. Make room, then do it again: it goes on where it was.
error-backup-missing = { $folder } holds no whole backup: kleinbot.backup.json is not there. A backup that was interrupted is finished by `{ PROGRAM() } backup`; if it was made by copying the data folder, copy it back instead.
error-backup-damaged = The backup is not whole: { $file }: { $reason }. Nothing was changed here. Use another backup, or another copy of this one.
error-backup-pictures-damaged = { $pictures ->
        [one] One picture in the backup { $folder } is missing or not as it was.
       *[other] { $pictures } pictures in the backup { $folder } are missing or not as they were.
    } Nothing was changed here. Use another copy of the backup, or restore without them: add `--without-damaged`.
error-restore-unfinished = A restore of { $backup } into { $folder } was interrupted, so what lies there may be half of it. Run `{ PROGRAM() } restore{ $options } { $backup }` again: it goes on where it was, and nothing is lost.
error-restore-note-unreadable = { $file } says that a restore is under way, but not which ({ $reason }). Nothing was changed. Look into the folder: what a restore replaced lies in kleinbot-replaced-…, what it copied in kleinbot-restoring-…. Once database and archive are in place, move that file away.
error-database-newer = The database { $file } was written by a newer kleinbot (schema { $found }, this one knows { $known }). Update kleinbot, or restore the backup beside it.
error-database-damaged = The database { $file } is damaged: { $reason }. Stop every program that uses it. Then move the file and those named -wal and -shm beside it away together, and give the newest copy named *.backup its name. Without a copy, kleinbot begins with an empty database; pictures that a database does not know are kept.
error-migration-failed = The database { $file } could not be brought up to date ({ $migration }: { $reason }). It was left as it was.
