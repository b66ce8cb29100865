## What the bot says about people's data: /privacy policy, and `bot.py policy`

privacy-policy-name = policy
privacy-policy-description = What I hold about you, for how long, and whom to ask
policy-short = **What I hold about you**
    • what you ask me for: prompts, settings of pictures, seeds, the pictures you attach and those I make, in which channel and message they are; your favourites and choices
    • what you have spent: it counts for { $hours } hours, or for as long as the rules of a server say; what admins decided about you
    • pictures are kept { $days ->
        [0] until you or a moderator deletes them
       *[other] for { $days } days, favourites longer; then they go by themselves
    }
    { $judged ->
        [yes] A program on the same machine looks at each picture that I draw before anybody sees it. What it blocks is kept nowhere; moderators read whose it was and when.
       *[no] No program judges the pictures that I draw.
    }
    It stays on the host's own machine. I draw there and give nothing to anybody else; nothing is used to train a model. Discord holds the messages themselves.
    `/privacy export` gives you all of it, `/privacy delete` deletes it in every server, `/settings` says whether others may edit your pictures.
    { $contact ->
        [none] The host of this bot has given no address; ask the admins of this server.
       *[other] Questions: { $contact }
    }
doctor-contact-missing = The bot is in a server that is not yours, and people there cannot tell whom to ask about their data: set KLEINBOT_CONTACT. `{ PROGRAM() } policy` writes a privacy policy and terms, whose addresses Discord's developer portal takes.
policy-document =
    # Privacy policy
    
    This bot makes pictures on Discord, on a machine of its host. Contact: { $contact }
    
    ## What is held
    
    - What people ask for: prompts, instructions, options and seeds; pictures that they attach; the pictures that are made; the ids of their account, server, channel and messages.
    - Marks and choices: favourites, settings, whether others may edit their pictures.
    - What they have spent. It counts for { $hours } hours, or for as long as a server's own rules say.
    - What moderators and admins decide: bans, reports, limits, and who decided it.
    - Discord's secret by which an answer can be edited, for at most 15 minutes.
    
    Messages of others are not read. A picture is fetched only when somebody asks for something to be made from it.
    
    ## What for, and who gets it
    
    To make the pictures, to show them again, to share the machine fairly, and to stop misuse. It stays on the host's machine: nothing is sold, given away, or used to train a model. Discord holds the messages themselves, by its own policy.{ $judged ->
        [no] {""}
       *[yes] {" "}A classifier on the same machine may look at each drawn picture before it is shown; it decides that alone, and can be wrong. What it blocks is shown to nobody, kept nowhere and costs nothing; moderators read whose it was and when.
    }
    
    ## How long
    
    - Results and their pictures: until their member or a moderator deletes them, or as many days as the server has chosen; favourites longer, as long as whoever marked them is in the server.
    - What members of a server asked for that has removed the bot: 30 days, and then until Discord confirms that the bot is not in it.
    - What was spent: until it no longer counts, where everything else is deleted.
    - What was decided: 180 days after a deletion; bans while they last and up to 30 days, after a deletion under a keyed code in place of the id.
    - Backups: until the host makes new ones.
    
    ## Your rights
    
    `/privacy export` gives you everything as files, `/privacy delete` deletes everything in every server and says what stays and until when. What others made from a picture of yours can be removed: *Apps → Remove what was made from it*. For anything else: { $contact }
    
    # Terms
    
    - Ask for nothing that is illegal, that sexualises minors, or that undresses or sexualises real people. Such requests are refused, and whoever repeats them may be stopped.
    - Use only pictures that you may use. Whoever posted a picture may have removed what was made from it.
    - The pictures are yours as far as law and the model's licence say so. They carry a mark that a machine made them; do not pass them off as photographs.
    - The bot is given as it is, without any promise that it is there or that a picture succeeds.
    - Who runs the server, and who runs the bot, may stop anybody.
