## How the bot introduces itself in a server, and what that server's admins set up.

joining-post = **Hello, I am { $name }.** I draw pictures from words, and edit pictures that you attach.
    Try it here: `/imagine prompt: { $model ->
        [small] a red circle
       *[full] a red fox in snow
    }`
    Everybody may draw { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    } in { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    }; `/quota` says what is left, `/queue` what is being drawn, `/history` what you have made, `/help` the rest.
    If you manage this server: **Set up** below, or `/admin setup` at any time, takes a minute. Everything works without it.
button-setup = Set up

notice-no-joining-post = I may write in no channel here in which members write, so I have not introduced myself. `/imagine` works in every channel where members may use commands; `/admin doctor` says where results could not be posted.

language-itself = English

error-channel-unknown = I know no such text channel in this server, or you do not see it. Choose another. Nothing was changed.
error-server-not-ready = Discord has not told me about this server yet. Try again in a minute. Nothing was changed.

setup-head = **Set up { $server }**
    Each choice counts at once, and you can come back at any time with `/admin setup`. Only you see this.
setup-moderators = **Moderators' channel** · where reports of pictures go. Without one, they wait below the next `/admin` answer.
setup-moderators-none = No channel yet
setup-quota = **Quota** · what each member may draw. Another number keeps the hours and the bounds by the hour and burst. `/admin quota` sets those, and rules for roles and single members.
setup-quota-host = As the bot's host has it: { $pictures } in { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    }
setup-quota-step = { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    } in { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    }{ quota-bounds }
setup-locale = **Language** · of messages that nobody asked for, such as reports. Answers are in the language of whoever asks.
setup-locale-auto = As Discord has it for this server: { $language }
setup-content = **Content** · may members edit pictures that others have posted? What nobody may ask for, sexual pictures of minors and undressing people, is refused everywhere and cannot be switched off.{ $judged ->
        [yes] {" "}Pictures are also looked at by a classifier before anybody sees them; it makes mistakes, both ways.
       *[no] {""}
    }
setup-edit-yes = Others may edit pictures, unless their author says no
setup-edit-no = Only the author may edit a picture, unless they say yes
setup-retention = **Retention** · how long I keep pictures. Messages in Discord stay; favourites are kept in any case.
setup-keep-days = Keep pictures for { $days ->
        [one] { $days } day
       *[other] { $days } days
    }
setup-keep-always = Keep pictures for good
setup-keep-unchosen = Not chosen yet: everything is kept
setup-keep-size = about { NUMBER($gb, maximumFractionDigits: 1) } GB at the present pace
setup-keep-growth = grows by about { NUMBER($gb, maximumFractionDigits: 1) } GB a year at the present pace
setup-keep-proposed = proposed
button-setup-done = Done, check everything

setup-channel-gone = The moderators' channel was deleted. Choose another one.
setup-channel-missing = In { $channel } I may not: { $permissions }. Allow it there: Edit Channel → Permissions → my role.
permission-view-channel = View Channel
permission-send-messages = Send Messages
permission-attach-files = Attach Files
permission-read-message-history = Read Message History
permission-send-messages-in-threads = Send Messages in Threads

doctor-title-right = Everything works here.
doctor-title-wrong = { $problems ->
        [one] One thing is wrong here.
       *[other] { $problems } things are wrong here.
    }
doctor-here-right = { $channel }: I may do here what I need.
doctor-more-channels = { $rest ->
        [one] One more channel is like that.
       *[other] { $rest } more channels are like that.
    }
doctor-no-moderators = No moderators' channel: reports wait below the next `/admin` answer. Choose one in `/admin setup`.
doctor-moderators-gone = The moderators' channel was deleted: reports wait below the next `/admin` answer. Choose another in `/admin setup`.
doctor-moderators-open = Every member can see { $channel }, and with it the reports and who reports. Choose a channel that moderators alone see in `/admin setup`.
doctor-moderators-right = Reports go to { $channel }.
doctor-not-set-up = Nobody has gone through `/admin setup` yet. It takes a minute, and everything works without it.
doctor-retention-unchosen = Nobody has chosen how long pictures are kept: for good, until somebody does in `/admin setup`.
doctor-retention-always = Pictures are kept for good.
doctor-retention = Pictures are kept for { $days ->
        [one] { $days } day
       *[other] { $days } days
    }.
doctor-quota = Each member may draw { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    } in { $hours ->
        [one] { $hours } hour
       *[other] { $hours } hours
    }{ quota-bounds }, { $source ->
        [server] as this server's admins have it.
       *[host] as the bot's host has it.
    }
doctor-editing = { $allowed ->
        [yes] Members may edit pictures that others have posted, unless their author says no.
       *[no] Members may not edit pictures that others have posted, unless their author says yes.
    }

doctor-judged = { $judged ->
        [yes] A classifier of the host looks at each picture before anybody sees it. It makes mistakes, both ways: /admin audit says whose pictures it blocked.
       *[no] Pictures are not looked at by a classifier; only words are.
    }

audit-setting = { $actor } chose anew: { $setting ->
        [moderators-channel] the moderators' channel
        [allowed-channels] the channels
        [showcase-channel] the showcase
        [locale] the language
        [others-may-edit] who may edit pictures
        [retention] how long pictures are kept
       *[other] { $setting }
    }

admin-setup-name = setup
admin-setup-description = Choose what holds in this server: one message, a minute
admin-doctor-name = doctor
admin-doctor-description = What is right in this server and what is not

setup-allowed = **Channels** · where pictures are made. None chosen: everywhere; `/admin channels` also closes single ones.
setup-allowed-everywhere = Everywhere
setup-allowed-many = More than 25 channels are chosen: change them with `/admin channels`.
doctor-allowed-gone = { $gone ->
        [one] One of the channels in which pictures are made was deleted.
       *[other] { $gone } of the channels in which pictures are made were deleted.
    } { $left ->
        [0] None is left, so nobody can draw: choose others in `/admin setup`.
       *[other] The others work on; choose anew in `/admin setup`.
    }
