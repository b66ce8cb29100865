## Quota rules by role: what each gives and to whom. $hours, $hourly and $burst belong to the windows of one rule.

quota-terms = { $pictures ->
        [0] none
       *[other] { $pictures } in { $hours ->
            [one] an hour
           *[other] { $hours } hours
        }
    }{ quota-bounds }
quota-bounds = { $hourly ->
        [0] {""}
       *[other] , at most { $hourly } in an hour
    }{ $burst ->
        [0] {""}
       *[other] , at most { $burst } in 10 minutes
    }
quota-members = { $members ->
        [-1] {""}
        [one] {" · "}{ $members } member
       *[other] {" · "}{ $members } members
    }
quota-rules = Quota rules of this server
quota-rules-order = A member's own rule counts. Without one, the best counts of their roles' rules and the default: the one that gives most pictures a day; its bounds by the hour and burst hold with it.
quota-rules-default = - The default{ $whose ->
        [host] {" "}of the bot's host
       *[server] {" "}of this server
    }: { $terms }
quota-rules-role = { $role }: { $terms }{ quota-members }{ $state ->
        [counts] {""}
        [idle] {" · "}never counts, since the default gives as much
       *[deleted] {" · "}counts for nobody; /admin quota clear takes it away
    }
quota-rules-none = No role has a rule. /admin quota role gives one.
quota-role-set = { $role } now gives { $terms }{ quota-members }.
quota-role-deleted = a deleted role ({ $role })
quota-role-clear-question = Take away the rule of { $role }, which gives { $pictures }? Its members then have the best of their other roles and the default.
quota-role-cleared = { $role } has no rule any more.
audit-role-set = { $actor } set the rule of <@&{ $role }> to { $pictures }
audit-role-removed = { $actor } removed the rule of <@&{ $role }>
error-quota-window-idle = A shorter window must allow less than a longer one, or it never counts: for example 200 in 24 hours, 40 in an hour, 10 in a burst. Nothing was changed.
error-role-is-everybodys = Everybody has that role: /admin quota set-default says what everybody gets. Nothing was changed.
error-role-rules-full = { $most } roles have a rule already, and there can be no more. Take one away with /admin quota clear. Nothing was changed.
error-role-rule-unknown = That role has no rule. /admin quota rules lists those that have one. Nothing was changed.

quota-top = Who used most in the last { $days ->
        [one] day
       *[other] { $days } days
    }
quota-top-member = { $place }. { $member } · { $pictures ->
        [one] { $pictures } picture
       *[other] { $pictures } pictures
    }
quota-top-nobody = Nobody has used anything.
quota-exported = { $rows ->
        [0] Nothing changed a quota in the last { $days ->
            [one] day
           *[other] { $days } days
        }; the table is empty.
        [one] { $rows } change of a quota, of the last { $days ->
            [one] day
           *[other] { $days } days
        }.
       *[other] { $rows } changes of quotas, of the last { $days ->
            [one] day
           *[other] { $days } days
        }, the newest first.
    }{ $cut ->
        [yes] {" "}There were more; the older ones are left out.
       *[no] {""}
    }
