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
    } by <@{ $by }>: { $reason }. To change that, use /mod unban first. Nothing was changed.
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
mod-ban-row = { $kind ->
        [timeout] <@{ $member }>, timed out by <@{ $by }> until <t:{ NUMBER($until_s, useGrouping: 0) }:f>
       *[ban] { $until_s ->
            [0] <@{ $member }>, banned by <@{ $by }>
           *[other] <@{ $member }>, banned by <@{ $by }> until <t:{ NUMBER($until_s, useGrouping: 0) }:f>
        }
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
