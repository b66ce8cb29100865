## How a picture was made: by our message, by its pixels, or by what its file says

info-written-kleinbot = kleinbot drew it, its file says; I do not have it myself. It says:
info-written-webui = Another program drew it, and its file says how. I cannot check that:
info-written-comfyui = It was drawn with ComfyUI, its file says. I cannot check that:
info-written-invokeai = It was drawn with InvokeAI, its file says. I cannot check that:
info-written-swarmui = It was drawn with SwarmUI, its file says. I cannot check that:
info-negative = Without: { $text }
info-seed = Seed { $seed }
info-steps = { $steps ->
        [one] { $steps } step
       *[other] { $steps } steps
    }
button-use-prompt = Use this prompt
form-use-title = Draw from this prompt
form-prompt = What should it show?
form-aspect = Shape
form-seed = Seed (empty: any)
form-seen-by = Who sees it?
form-seen-by-everybody = Everybody in this channel
form-seen-by-alone = You alone

error-message-not-ours = That message is none of mine that shows a picture, and I cannot read other messages by their link. Open the message's menu and choose Apps → Image info.

more-lineage = Family tree
lineage-title = What #{ $number } comes from, and what was made from it. Press a number to go on from there.
lineage-cut = … (before that: more, or what you cannot see)
lineage-more = … and perhaps more
lineage-no-children = Nothing that you can see was made from it yet.
