## Bans, channels, hidden pictures and reports.

error-not-a-moderator = Only those who may manage messages in this whole server can do that.
error-banned = { $kind ->
        [timeout] This server's moderators have given you a break from making pictures until <t:{ NUMBER($until_s, useGrouping: 0) }:f>.
       *[ban] { $until_s ->
            [0] This server's moderators have banned you from making pictures here.
           *[other] This server's moderators have banned you from making pictures here until <t:{ NUMBER($until_s, useGrouping: 0) }:f>.
        }
    } Their reason: { $reason }. What you made before is still yours: /history. Nothing was charged.
error-already-banned = { $kind ->
        [timeout] <@{ $member }> is timed out already, until <t:{ NUMBER($until_s, useGrouping: 0) }:f>,
       *[ban] { $until_s ->
            [0] <@{ $member }> is banned already,
           *[other] <@{ $member }> is banned already, until <t:{ NUMBER($until_s, useGrouping: 0) }:f>,
        }
    } by { $by ->
        [nobody] somebody
       *[other] <@{ $by }>
    }: { $reason }. To change that, use /mod unban first. Nothing was changed.
error-not-banned = <@{ $member }> is neither banned nor timed out here. Nothing was changed.
error-ban-refused = { $who ->
        [self] That is you. Nothing was changed.
        [host] That member runs this bot, and cannot be banned from it. Nothing was changed.
       *[admin] That member may manage this server, and could take the ban back at once. Nothing was changed.
    }
error-channel-closed = { $where ->
        [named] Pictures are made in { $channels } here, not in this channel. Ask again there. Nothing was charged.
        [none] Pictures are made in other channels of this server, none of which you can see. Ask its admins. Nothing was charged.
       *[others] No pictures are made in this channel; the others are open to you. Nothing was charged.
    }
error-too-many-channels = There are rules for { $most } channels already. Take one back with /admin channels clear first. Nothing was changed.
error-no-channel-rule = There is no such rule; /admin channels list shows those that there are. Nothing was changed.

mod-banned = { $kind ->
        [timeout] <@{ $member }> makes no pictures here until <t:{ NUMBER($until_s, useGrouping: 0) }:f>.
       *[ban] { $until_s ->
            [0] <@{ $member }> makes no pictures here until somebody lifts the ban.
           *[other] <@{ $member }> makes no pictures here until <t:{ NUMBER($until_s, useGrouping: 0) }:f>.
        }
    } The next time they try they read your reason: { $reason }
mod-banned-ended = { $count ->
        [one] One job of theirs ended with it
       *[other] { $count } jobs of theirs ended with it
    }; { $refunded ->
        [one] { $refunded } picture was given back.
       *[other] { $refunded } pictures were given back.
    }
mod-unbanned = <@{ $member }> may make pictures here again.
mod-bans = Who makes no pictures here
mod-no-bans = Nobody is banned or timed out here.
mod-ban-row = { $member ->
        [nobody] a member whose data was deleted
       *[other] <@{ $member }>
    }, { $kind ->
        [timeout] timed out until <t:{ NUMBER($until_s, useGrouping: 0) }:f>
       *[ban] { $until_s ->
            [0] banned
           *[other] banned until <t:{ NUMBER($until_s, useGrouping: 0) }:f>
        }
    } by { $by ->
        [nobody] somebody
       *[other] <@{ $by }>
    }: { $reason }

channels-everywhere = Pictures are made in every channel of this server.
channels-allowed = Pictures are made only in { $channels } and the threads there.
channels-denied = No pictures are made in { $channels }, nor in the threads there.

audit-ban = { $actor } banned { $member }
audit-timeout = { $actor } timed { $member } out
audit-unban = { $actor } lifted the ban of { $member }
audit-channel-allow = { $actor } allowed a channel
audit-channel-deny = { $actor } denied a channel
audit-channel-clear = { $actor } took a channel rule back

error-result-hidden = #{ $number } is hidden by this server's moderators, so nothing can be done with it.
error-result-hidden-because = #{ $number } is hidden, so nothing can be done with it. { $reason ->
        [moderated] A moderator hid it: { $words }
        [shows-me] It was reported: it shows somebody who does not want that.
        [mine] It was reported: it uses somebody's picture without their permission.
        [minor] It was reported: sexual content with a minor.
        [sexual] It was reported: sexual content.
        [hateful] It was reported: hateful content.
       *[other] It was reported.
    } { $until_s ->
        [0] It stays hidden until a moderator shows it again.
       *[other] If no moderator decides otherwise, it is shown again <t:{ NUMBER($until_s, useGrouping: 0) }:R>.
    } Its author can still delete it.
error-result-not-moderated = #{ $number } is in a channel that you do not moderate, or only its author sees it. Nothing was changed.
error-already-hidden = #{ $number } is hidden already, by <@{ $by }>. Nothing was changed.
error-not-hidden = #{ $number } is not hidden. Nothing was changed.
error-report-own = #{ $number } is your own picture: you can delete it, under it or in /history.
error-report-again = You have reported #{ $number } before; the moderators know.
error-reports-of-day = You have made { $most } reports in the last 24 hours, as many as one member can. If this one cannot wait, write to a moderator.
error-report-not-ours = I can only pass on reports of pictures that I made. Discord has a report of its own for every other message: Report Message in the same menu.
error-case-unknown = There is no such report in this server.
error-case-action-taken = <@{ $by }> has done that already. Nothing was changed.
error-case-dismissed = <@{ $by }> has dismissed this report already. Nothing was changed.
error-case-upheld = <@{ $by }> has acted on this report already, so it cannot be dismissed any more. Nothing was changed.
error-powers-unknown = Discord does not tell me right now what <@{ $member }> may do in this server, and an admin must not be banned. Press again in a moment, or use /mod ban. Nothing was changed.
error-case-own = This report is about your own picture; somebody else decides. Nothing was changed.

result-hidden = **#{ $number }** of { $requester } is hidden by this server's moderators.
button-hidden-why = Why?
history-hidden = Hidden by this server's moderators. Its number says why: /show
mod-hidden = #{ $number } of { $author } is hidden: nobody is shown its pictures or its prompt, and its messages lose both. The author is told why. /mod unhide shows it again.
mod-shown = #{ $number } is shown again.
mod-warned = <@{ $member }> reads that below the answer to their next command. { $count ->
        [1] It is their first warning here.
       *[other] They have { $count } warnings here.
    }

menu-report = Report this image
more-report = Report
form-report-title = Report this image
form-report-reason = What is wrong with it?
form-report-reason-description = Only this server's moderators see it, and who reports.
form-report-words = In your words
form-report-words-description = You can leave this empty.
report-reason-shows-me = It shows me
report-reason-mine = It is mine, used without permission
report-reason-minor = Sexual, with a minor
report-reason-sexual = Sexual
report-reason-hateful = Hateful
report-reason-other = Something else
reason-shows-me = it shows somebody who does not want that
reason-mine = somebody's picture, used without permission
reason-minor = sexual, with a minor
reason-sexual = sexual
reason-hateful = hateful
reason-other = something else
report-done = Thank you. This server's moderators will look at #{ $number }. { $hides ->
        [until] Until they have, it is hidden from everybody; if nobody decides, it is shown again <t:{ NUMBER($until_s, useGrouping: 0) }:R>.
        [kept] It is hidden from everybody until they decide.
       *[no] It stays where it is until they decide.
    } What comes of it you read below the answer to a later command.

case-title = **Report** · #{ $number } of { $author } in { $channel } · [the message]({ $link })
case-report = { $reporter }: **{ $reason }** (picture { $position })
case-more-reports = … and { $count ->
        [one] one more report
       *[other] { $count } more reports
    }
case-is-deleted = The picture is deleted.
case-is-hidden = { $kind ->
        [moderator] The picture is hidden.
       *[reports] { $until_s ->
            [0] The picture was hidden at once, and stays hidden until you decide.
           *[other] The picture was hidden at once. If nobody decides, it is shown again <t:{ NUMBER($until_s, useGrouping: 0) }:R>.
        }
    }
case-not-posted = I post no picture that was reported like this a second time, not even here. { $hidden ->
        [yes] It is hidden, so nobody can look at it any more; only whoever runs this bot still has the file. If in doubt, delete it.
       *[no] Whoever sees { $channel } can look at it in its message. If in doubt, delete it.
    }
case-alt-text = The reported picture
case-done-hide = { $by } hid the picture
case-done-delete = { $by } deleted the picture
case-done-dismiss = { $by } dismissed the report
case-done-warn = { $by } warned the author
case-done-timeout = { $by } timed the author out
case-done-ban = { $by } banned the author
case-reason = your picture #{ $number } was reported ({ $reason }), and a moderator agreed
case-did-hide = #{ $number } is hidden; { $author } is told why.
case-did-delete = #{ $number } is deleted, with every message that shows it; { $author } is told.
case-did-dismiss = The report is dismissed. What it hid by itself is shown again, and for 30 days reports of who made it hide nothing by themselves.
case-did-warn = { $author } reads a warning below the answer to their next command.
case-did-timeout = { $author } makes no pictures here for 24 hours; their open jobs ended and were given back.
case-did-ban = { $author } makes no pictures here until somebody lifts the ban; their open jobs ended and were given back.
button-case-hide = Hide
button-case-delete = Delete …
button-case-dismiss = Dismiss
button-case-warn = Warn
button-case-timeout = Time out 24 h
button-case-ban = Ban
button-case = Open #{ $number }
cases-title = Reports that wait for a decision
cases-none = No report waits for a decision.
cases-row = #{ $number } of { $author }: { $reason } · { $count ->
        [one] one report
       *[other] { $count } reports
    } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
notice-reports-wait = { $count ->
        [one] One report waits
       *[other] { $count } reports wait
    } for a decision: /mod reports. Choose a channel for your moderators in /admin setup, and such reports are posted there.

told-warning = **A warning from this server's moderators:** { $reason }. { $count ->
        [1] It is your first here.
       *[other] You have { $count } here.
    }
told-hidden = Your picture #{ $number } is hidden: { $reason }. { $until_s ->
        [0] It stays hidden until a moderator shows it again.
       *[other] A moderator decides; otherwise it is shown again <t:{ NUMBER($until_s, useGrouping: 0) }:R>.
    } If you think that is wrong, write to this server's moderators.
told-shown = Your picture #{ $number } is shown again.
told-deleted = This server's moderators have deleted your picture #{ $number }.
told-report-upheld = You reported #{ $number }: the moderators agreed and have acted. Thank you.
told-report-dismissed = You reported #{ $number }: the moderators have looked at it and leave it as it is. For 30 days your reports hide nothing by themselves; they are read all the same.

audit-warn = { $actor } warned { $member }
audit-hide = { $actor } hid #{ $number } of { $member }
audit-hide-reported = A report of { $actor } hid #{ $number } of { $member }
audit-show = { $actor } showed #{ $number } of { $member } again
audit-show-again = #{ $number } of { $member } was shown again, as nobody had decided
audit-delete-reported = { $actor } deleted the reported #{ $number } of { $member }
audit-dismiss = { $actor } dismissed a report of #{ $number } of { $member }

audit-title = What was changed and decided here
audit-since = since <t:{ NUMBER($at_s, useGrouping: 0) }:d>
audit-nothing = Nothing of that kind is noted.
button-newest = Newest
