bench-loading = loading the model: { $phase }
bench-loading-theirs = loading the model card's pipeline
bench-turn = { $case }: run { $done } of { $total } done
bench-interrupted = Stopped. Nothing was written.
bench-does-not-fit = does not fit the card's memory.
bench-profile = { $model }, profile { $profile }, { $precision }, { $steps } steps
bench-cpu = { $cpu }, { $threads } { $threads ->
        [one] thread
       *[other] threads
    }
bench-card = { $card }, { $memory } GiB, driver { $driver }, power limit { $watts } W, clock { $clock } of { $most } MHz
bench-case = case
bench-cold = first
bench-warm = median
bench-range = min–max
bench-stages = encode + denoise + decode
bench-per-picture = a picture
bench-allocated = allocated GiB
bench-reserved = reserved GiB
bench-model-card = model card
bench-ratio = ratio
bench-legend = Seconds from request to 8-bit pixels in memory, without PNG. "first" is the case's first run and warms it up; the rest is of { $runs } { $runs ->
        [one] run
       *[other] runs
    } after it, each with a prompt and seeds of its own. Loading and warming up took { $load } s.
bench-transfer = For each picture { $gib } GiB of weights go to the card: { $seconds } s by itself at { $rate } GB/s as measured here, most of it hidden behind other work.
bench-from-disk = For each picture { $gib } GiB of weights are read from disk and go to the card.
bench-their-way-resident = "model card" is diffusers' Flux2KleinPipeline as on the model's page, all of it on the device. A ratio above 1 means that kleinbot is faster.
bench-their-way-offloaded = "model card" is diffusers' Flux2KleinPipeline with enable_model_cpu_offload, since all of it does not fit. A ratio above 1 means that kleinbot is faster.
bench-in-turns = Both were loaded and took turns.
bench-one-after-the-other = kleinbot was measured first, then freed, then the pipeline.
bench-paste = To paste where people compare:
bench-written = { $file } is written.
bench-cannot-write = { $file } cannot be written ({ $reason }). Name another file with --json.
bench-needs-checkout = --against diffusers needs the weights as a diffusers checkout (a folder with model_index.json). { $folder } is none: point KLEINBOT_WEIGHTS at one, or leave the option out.
bench-theirs-failed = The model card's pipeline could not be loaded: { $reason }
