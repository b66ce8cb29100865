## What a quota is and what changed it. $left, $pictures … are pictures, possibly with tenths.

# $source: whose rule it is; $whose: whether its member reads it or an admin; $plain: whether the rule alone says what is left.
quota-title-own = { $plain ->
        [yes] You have { $left } of { $limit ->
            [one] { $limit } picture
           *[other] { $limit } pictures
        } left
       *[no] { $left ->
            [one] You have { $left } picture left
           *[other] You have { $left } pictures left
        }
    }: { quota-gives }.
quota-title-member = { $plain ->
        [yes] { $member } has { $left } of { $limit ->
            [one] { $limit } picture
           *[other] { $limit } pictures
        } left
       *[no] { $left ->
            [one] { $member } has { $left } picture left
           *[other] { $member } has { $left } pictures left
        }
    }: { quota-gives }.
quota-gives = { $source ->
        [member] a rule for { $whose ->
            [own] you
           *[member] them
        } alone gives { quota-amount }
        [role] <@&{ $role }> gives { quota-amount }{ $roles ->
            [one] {""}
           *[other] , the best of { $whose ->
                [own] your
               *[member] their
            } { $roles } roles
        }
        [server] this server's default gives { quota-amount }
        [host] the default of the bot's host gives { quota-amount }
       *[most] the bot's host allows one member of this server { $gives ->
            [0] none
           *[other] at most { quota-amount }
        }
    }
quota-amount = { $gives ->
        [0] none
       *[other] { $gives } in { quota-span }
    }
quota-span = { $hours ->
        [0] { $minutes ->
            [one] a minute
           *[other] { $minutes } minutes
        }
        [one] an hour
       *[other] { $hours } hours
    }
quota-window = { $left } of { $gives } left in { quota-span }
quota-returns = { $pictures ->
        [one] The next picture comes back <t:{ NUMBER($at_s, useGrouping: 0) }:R>.
       *[other] The next { $pictures } pictures come back <t:{ NUMBER($at_s, useGrouping: 0) }:R>.
    }
quota-everywhere = Over all servers together you have used { $spent } of the { $most } pictures that the bot's host gives one person in { $hours ->
        [one] an hour
       *[other] { $hours } hours
    }; that is why fewer are left here.
quota-grant = On top: { $left } of { $amount } that were granted, until <t:{ NUMBER($until_s, useGrouping: 0) }:f>.
quota-grant-because = On top: { $left } of { $amount } that were granted, until <t:{ NUMBER($until_s, useGrouping: 0) }:f>. Reason: { $reason }
quota-weight = Gets { $weight } times as much of the graphics card as an ordinary member of this server while others wait too.
quota-entries = Last changes
quota-no-entries = Nothing has been spent or granted yet.

entry-reserve = −{ $pictures } for #{ $number } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-refund = { $pictures ->
        [0] #{ $number } ended; a reset had given its pictures back already
       *[other] +{ $pictures } back from #{ $number }
    } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-refund-used = { $pictures ->
        [0] nothing back from #{ $number }, cancelled when it was all drawn
       *[other] +{ $pictures } back from #{ $number }, cancelled; the part already drawn counts
    } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-grant = +{ $pictures } granted by { $by } · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-expire = −{ $pictures } expired unspent · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-revived = +{ $pictures } back that expired while the clock was ahead · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-reset = +{ $pictures } because { $by } reset the quota · <t:{ NUMBER($at_s, useGrouping: 0) }:R>
entry-because = { $entry } · { $reason }

price-paid = { $pictures ->
        [one] Cost { $pictures } picture of the quota.
       *[other] Cost { $pictures } pictures of the quota.
    }
price-left = { $left } were left after that.
