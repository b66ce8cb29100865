## What members bring along from elsewhere, such as Midjourney's parameters in a prompt.

habit-meaningless = { $count ->
        [one] `{ $flags }` means nothing here, so I left it out.
       *[other] `{ $flags }` mean nothing here, so I left them out.
    }{ $negative ->
        [yes] {" "}Instead of `--no`, say what you want to see.
       *[no] {""}
    }
habit-nearest = `{ $flag }` became { $aspect }, the nearest shape that I draw.
habit-most = `{ $flag }` became { $most }: more at once are not possible.
habit-option-counts = You also chose this as an option of the command, so `{ $flag }` did not count.
habit-unusable = I could not use `{ $flag }`, so I left it out.
habit-edit-shape = An edit keeps the shape of its picture, so I left out `{ $flag }`.

## /help: one message that fits one screen. Who knows Midjourney finds there what stands for what.

help-name = help
help-description = What I can do, what stands for what from Midjourney, and what I am bad at
help-commands = **What I do**
    `/imagine` draws from words · `/edit` changes a picture by what you say · `/variations` makes more like one
    `/queue` `/cancel` what waits · `/history` `/show` what you have made · `/quota` what is left · `/settings` your defaults
    `/share` `/gallery` what members show each other · `/info` how a picture was made
    Under a picture: V varies, E edits, ♥ keeps, *More …* has the rest. Any picture in a channel: its menu, *Apps*.
help-midjourney = **From Midjourney**
    `--ar` `--seed` `--repeat` `--stealth` → the same in the prompt, or as options
    U1 to U4 → not needed, each picture is whole · V1 to V4, 🔄 → V1 to V4, Reroll
    Remix, Vary Region, `/blend` → `/edit` · `/show` → `/show` · `/info` → `/quota`
    ✉️ for the seed → it stands under the picture · ❌ → `/cancel`, or *More …* → Delete
    `--no` `--v` `--s` → nothing here; say what you want to see
help-weak = **What I am bad at**
    { $model ->
        [small] Everything but coloured shapes: my host has the small model that comes with me. `a red circle left of a blue square` works.
       *[full] Lettering, exact numbers of things, hands. Ask for four and take the best, or mend one with `/edit`.
    }
help-rights = **Whose the pictures are**
    Yours, as far as law and the model's licence let them be. Each file says that a machine drew it. Others here may { $editing ->
        [yes] vary and edit what you post, unless you say no in `/settings`
       *[no] not edit what you post, unless you say yes in `/settings`
    }.
help-host = **What my host can read**
    Every prompt and every picture, private ones too: private hides them from members only. `/privacy policy` says what is kept and how to have it deleted.

## Styles of a server: words before and after a prompt, under a name.

imagine-style-name = style
imagine-style-description = One of this server's styles
admin-style-name = style
admin-style-description = Styles that members choose in /imagine
admin-style-add-name = add
admin-style-add-description = Add a style, or change one; pictures that are already there keep theirs
admin-style-remove-name = remove
admin-style-remove-description = Remove a style; pictures that are already there keep it
admin-style-list-name = list
admin-style-list-description = This server's styles
admin-style-called-name = name
admin-style-called-description = What members choose
admin-style-before-name = before
admin-style-before-description = Words before the prompt, such as: watercolour painting of
admin-style-after-name = after
admin-style-after-description = Words after the prompt, such as: soft colours, white paper
admin-style-added = Members can choose **{ $style }** in `/imagine` now.
admin-style-replaced = **{ $style }** is changed. Pictures that were made with it keep it as it was.
admin-style-removed = **{ $style }** is removed. Pictures that were made with it keep it.
admin-styles-none = This server has no styles. `/admin style add` makes one: words before and after what members type.
admin-styles-listed = { $count ->
        [one] One style
       *[other] { $count } styles
    } of at most { $most }:
audit-style-set = { $actor } set the style “{ $style }”
audit-style-remove = { $actor } removed the style “{ $style }”
recipe-style = Style “{ $style }”, as it was then; its words are in the prompt above.
error-style-unknown = This server has no style “{ $style }”. Choose one from the list that the option offers. Nothing was charged.
error-style-unusable = A style needs a name of at most { $most } characters, and words before or after the prompt. Nothing was changed.
error-too-many-styles = This server has { $most } styles, which is the most. Remove one first. Nothing was changed.

## /settings: what holds where a command leaves an option out.

settings-defaults = **If you leave an option out**
    Shape and number hold for `/imagine`; who sees it, for everything that you make.
settings-aspect = Shape { $aspect }
settings-count = { $count ->
        [one] One picture
       *[other] { $count } pictures
    }
settings-private-no = Everybody in the channel sees it
settings-private-yes = Only I see it

quality-standard = Standard
quality-best = Best, { $pictures } pictures of the quota each
edit-count-description = How many pictures, 1 to 4; each costs { $pictures } of the quota, more with references
form-imagine-title = What shall I draw?
