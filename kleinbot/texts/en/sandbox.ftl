## What the sandbox says in its terminal, besides the bot itself. (What its own client says is in kleinbot/sandbox.)

sandbox-try = For example:  /imagine { $prompt }
sandbox-small = The small model that comes with kleinbot draws here: one to three circles, squares, triangles, stars, rings, crosses or diamonds, plain, striped or spotted, in eleven colours on a ground of your choice. It knows nothing else, no animals and no people; what it does not know of a prompt stands under the picture. The README says how to get the real model.
sandbox-waiting-before = In line since the last time: { $jobs ->
        [one] 1 job, which goes on
       *[other] { $jobs } jobs, which go on
    }.
sandbox-waiting-after = In line: { $jobs ->
        [one] 1 job, which goes on at the next start
       *[other] { $jobs } jobs, which go on at the next start
    }.
sandbox-stopping = Stopping; the picture in hand may still be finished …
sandbox-unfinished = Not finished after { $seconds } s. What was accepted keeps its place for the next sandbox.
sandbox-without-token = DISCORD_TOKEN is not set, so this is the sandbox: kleinbot without Discord, for you to try.
sandbox-new-process = Only a new process can use the graphics card: open the sandbox once more.
sandbox-remembers = { $messages ->
        [one] One message is still here from the last time: show { $latest } shows it, and its buttons work.
       *[other] { $messages } messages are still here from the last time: show { $latest } shows the latest, and its buttons work.
    }
sandbox-be-somebody-else = In the sandbox you can be who may:  as { $name } , then do it again.
