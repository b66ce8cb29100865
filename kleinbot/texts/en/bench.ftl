bench-downloading = downloading { $weights }: { $percent } %
bench-loading = loading the model: { $percent } %
bench-warming = warming the model up: { $percent } %
bench-loading-theirs = loading the model card's pipeline
bench-turn = { $case }: run { $run } of { $total }
bench-interrupted = Stopped. Nothing was written.
bench-does-not-fit = does not fit the graphics card's memory.
bench-profile = { $model }, profile { $profile }, { $precision }, { $steps } steps
bench-cpu = { $cpu }, { $threads } { $threads ->
        [one] thread
       *[other] threads
    }
bench-card = { $card }, { $memory } GiB ({ $held } of it held by others), driver { $driver }, power limit { $watts } W, clock { $clock } of { $most } MHz
bench-case = case
bench-compiled = compiled
bench-fused = own kernels
bench-lean = lean decode
bench-cold = cold
bench-warm = warm median
bench-range = min–max
bench-stages = encode + denoise + decode
bench-per-picture = a picture
bench-allocated = alloc. GiB
bench-reserved = res. GiB
bench-model-card = model card
bench-model-card-reserved = its res. GiB
bench-ours = kleinbot
bench-ratio = ratio
bench-legend = Seconds from request to 8-bit pixels in memory, without PNG. "cold" is the case's first run and warms it up; the rest is of { $runs } { $runs ->
        [one] run
       *[other] runs
    } after it, each with a prompt and seeds of its own. Loading and warming up took { $load } s, without any download.
bench-first-start = In that time files were hashed or made in 8 bits, which is remembered in the data folder: later starts are faster.
bench-memory = The card's memory at most, of this process alone: "alloc." is what was in use, "res." what PyTorch had taken for it.
bench-transfer = For each picture { $gib } GiB of weights go to the graphics card: { $seconds } s by itself at { $rate } GB/s as measured here, most of it hidden behind other work.
bench-from-disk = For each picture { $gib } GiB of weights are read from disk and go to the graphics card.
bench-their-way-resident = Seconds, medians of warm runs. "model card" is diffusers' Flux2KleinPipeline as on the model's page, all of it on the device. A ratio above 1 means that kleinbot is faster.
bench-their-way-offloaded = Seconds, medians of warm runs. "model card" is diffusers' Flux2KleinPipeline with enable_model_cpu_offload, since all of it does not fit. A ratio above 1 means that kleinbot is faster.
bench-in-turns = kleinbot was measured alone first, which the upper table and the line below are of. Then both were loaded and took turns.
bench-one-after-the-other = kleinbot was measured first, then freed, then the pipeline.
bench-paste = To paste where people compare:
bench-written = { $file } is written.
bench-cannot-write = { $file } cannot be written ({ $reason }). Name another file with --json.
bench-needs-checkout = --against diffusers needs the weights as a BF16 diffusers checkout (with model_index.json and transformer/config.json), and what kleinbot would use here, { $weights }, is none. Point KLEINBOT_WEIGHTS at a folder with one, or leave the option out. Nothing was downloaded.
bench-weights-left-alone = KLEINBOT_WEIGHTS ({ $weights }) is not measured, since no graphics card can run it here; the small model that comes along is.
bench-in-use = The bot or another bench runs here (process { $pid }, data folder { $folder }). Both would share the machine, and the figures would be of neither: stop it first.
bench-card-lost = The card can no longer be used by this process ({ $reason }). Nothing was measured to the end: start bench again, and if it happens again, look at the driver's log.
bench-theirs-failed = The model card's pipeline could not be loaded: { $reason }
bench-drawing = { $number } of { $total }: { $prompt }
bench-cannot-draw = The sheets cannot be saved in { $folder } ({ $reason }). Name another folder with --pictures.
bench-shared = { $file } is written, with nothing in it but hardware, driver, versions, mode, seconds and memory: no names, no paths.{ $card ->
        [yes] {" "}Put it into kleinbot/docs/cards of kleinbot's repository, and the README tells how fast this graphics card is.
       *[no] {""}
    }
bench-cannot-share = No file can be written in { $folder } ({ $reason }). Run bench --share in a folder that is yours.
