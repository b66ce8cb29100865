"""The text of quota rules: what each gives, to how many, and which one counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import discord

from kleinbot.chat.core import text as core_text
from kleinbot.chat.core.choices import CHOICE_CHARACTERS
from kleinbot.chat.core.views import plain
from kleinbot.chat.quota.buttons import ClearQuotaButton, ClearRoleRuleButton, KeepQuotaButton
from kleinbot.domain.errors import Parameter
from kleinbot.domain.plain_text import one_line
from kleinbot.domain.quota import QuotaTerms, RoleRule
from kleinbot.texts import Texts
from kleinbot.usecases.quota.administer import Clearing
from kleinbot.usecases.quota.quota import pictures
from kleinbot.usecases.quota.role_rules import ServerRules


@dataclass(frozen=True)
class KnownRoles:
    """The names of a server's roles, None: not known now; and how many members have them, where known."""

    names: Mapping[int, str] | None
    counts: Mapping[int, int] = field(default_factory=dict)

    def is_deleted(self, role_id: int) -> bool:
        return self.names is not None and role_id not in self.names


def terms_text(texts: Texts, locale: str, terms: QuotaTerms, host: QuotaTerms) -> str:
    """Return what a rule gives: ``200 in 24 hours, at most 30 in an hour``."""
    return texts.say(locale, "quota-terms", **terms_values(terms, host))


def terms_values(terms: QuotaTerms, host: QuotaTerms) -> dict[str, Parameter]:
    """Return the variables of sentences that say what a rule gives; ``host``: the owner's, with its hours."""
    return {
        "pictures": pictures(terms.tenths),
        "hours": host.hours or 0 if terms.hours is None else terms.hours,
        "hourly": pictures(terms.hourly_tenths or 0),
        "burst": pictures(terms.burst_tenths or 0),
    }


def named(texts: Texts, locale: str, role_id: int, known: KnownRoles) -> str:
    """Return a role as a mention, which never notifies anybody; a deleted one by its id."""
    if known.is_deleted(role_id):
        return texts.say(locale, "quota-role-deleted", role=str(role_id))
    return f"<@&{role_id}>"


def was_set(texts: Texts, locale: str, rule: RoleRule, found: ServerRules, known: KnownRoles) -> str:
    """Return the confirmation: what is given to how many."""
    return texts.say(
        locale,
        "quota-role-set",
        role=named(texts, locale, rule.role_id, known),
        terms=terms_text(texts, locale, rule.terms, found.host),
        members=known.counts.get(rule.role_id, -1),
    )


def listed(texts: Texts, locale: str, found: ServerRules, known: KnownRoles) -> str:
    """Return all rules of a server but those of single members."""
    default = found.host if found.default is None else found.default
    lines = [
        f"**{texts.say(locale, 'quota-rules')}**",
        texts.say(locale, "quota-rules-order"),
        texts.say(
            locale,
            "quota-rules-default",
            whose="host" if found.default is None else "server",
            terms=terms_text(texts, locale, default, found.host),
        ),
        *(_line(texts, locale, rule, found, known) for rule in found.roles),
    ]
    if not found.roles:
        lines.append(texts.say(locale, "quota-rules-none"))
    return core_text.bounded(lines)


def choice(
    texts: Texts, locale: str, rule: RoleRule, found: ServerRules, names: Mapping[int, str] | None
) -> str:
    """Return a suggestion, which shows no mentions: ``@Booster: 200 in 24 hours``."""
    name = (names or {}).get(rule.role_id)
    deleted = texts.say(locale, "quota-role-deleted", role=str(rule.role_id))
    label = f"@{name}" if name is not None else deleted
    return one_line(f"{label}: {terms_text(texts, locale, rule.terms, found.host)}", CHOICE_CHARACTERS)


def ask_clear(texts: Texts, locale: str, rule: RoleRule, known: KnownRoles) -> discord.ui.LayoutView:
    """Return the question before a role's rule is removed."""
    role = named(texts, locale, rule.role_id, known)
    view = plain(
        texts.say(locale, "quota-role-clear-question", role=role, pictures=pictures(rule.terms.tenths))
    )
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(ClearRoleRuleButton(rule.role_id).labelled(texts.say(locale, "button-clear-yes")))
    row.add_item(KeepQuotaButton().labelled(texts.say(locale, "button-keep")))
    view.add_item(row)
    return view


def ask_clear_limit(
    texts: Texts, locale: str, member_id: int | None, found: Clearing | None
) -> discord.ui.LayoutView:
    """Return the question before a limit is removed, or a sentence that there is none."""
    if found is None:
        return plain(_nothing_to_clear(texts, locale, member_id))
    view = plain(texts.say(locale, "admin-clear-question", **_of_clearing(texts, locale, member_id, found)))
    row: discord.ui.ActionRow[discord.ui.LayoutView] = discord.ui.ActionRow()
    row.add_item(ClearQuotaButton(member_id).labelled(texts.say(locale, "button-clear-yes")))
    row.add_item(KeepQuotaButton().labelled(texts.say(locale, "button-keep")))
    view.add_item(row)
    return view


def limit_cleared(texts: Texts, locale: str, member_id: int | None, found: Clearing | None) -> str:
    """Return what a limit was that was removed, and what counts now."""
    if found is None:
        return _nothing_to_clear(texts, locale, member_id)
    message_id = "admin-default-removed" if member_id is None else "admin-set-removed"
    return texts.say(locale, message_id, **_of_clearing(texts, locale, member_id, found))


def _nothing_to_clear(texts: Texts, locale: str, member_id: int | None) -> str:
    whose, member = "server" if member_id is None else "member", core_text.mention(member_id or 0)
    return texts.say(locale, "admin-clear-nothing", whose=whose, member=member)


def _of_clearing(texts: Texts, locale: str, member_id: int | None, found: Clearing) -> dict[str, Parameter]:
    return {
        "whose": "server" if member_id is None else "member",
        "member": core_text.mention(member_id or 0),
        "terms": terms_text(texts, locale, found.terms, found.host),
        "source": "host" if found.default is None else "server",
        "then": terms_text(texts, locale, found.then, found.host),
        "roles": "yes" if found.has_role_rules else "no",
    }


def _line(texts: Texts, locale: str, rule: RoleRule, found: ServerRules, known: KnownRoles) -> str:
    deleted = known.is_deleted(rule.role_id)
    return "- " + texts.say(
        locale,
        "quota-rules-role",
        role=named(texts, locale, rule.role_id, known),
        terms=terms_text(texts, locale, rule.terms, found.host),
        members=-1 if deleted else known.counts.get(rule.role_id, -1),
        state="deleted" if deleted else "idle" if rule.role_id in found.idle else "counts",
    )
