"""Every form of custom id that was ever sent is read, and what is read is written again."""

from dataclasses import fields
from typing import cast

import pytest

from kleinbot.chat.core.buttons import PersistentButton
from kleinbot.chat.core.routing import Handlers, button_routes
from kleinbot.chat.create.handlers import CreateHandlers
from kleinbot.chat.habits.handlers import HabitHandlers
from kleinbot.chat.habits.help_handlers import HelpHandlers
from kleinbot.chat.habits.style_handlers import StyleHandlers
from kleinbot.chat.jobs.handlers import JobHandlers
from kleinbot.chat.moderation.audit_handlers import AuditHandlers
from kleinbot.chat.moderation.case_handlers import CaseHandlers
from kleinbot.chat.moderation.channel_handlers import ChannelHandlers
from kleinbot.chat.moderation.handlers import ModerationHandlers
from kleinbot.chat.moderation.member_handlers import MemberHandlers
from kleinbot.chat.moderation.report_handlers import ReportHandlers
from kleinbot.chat.moderation.word_handlers import WordHandlers
from kleinbot.chat.more.handlers import MoreHandlers
from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.chat.owner.server_handlers import OwnerServerHandlers
from kleinbot.chat.privacy.handlers import PrivacyHandlers
from kleinbot.chat.privacy.picture_handlers import OwnPictureHandlers
from kleinbot.chat.quota.handlers import QuotaHandlers
from kleinbot.chat.quota.rule_handlers import RoleRuleHandlers
from kleinbot.chat.quota.usage_handlers import UsageHandlers
from kleinbot.chat.results.buttons import SEARCH_CHARACTERS, ConfirmDeleteButton, PageButton
from kleinbot.chat.results.finding import FindingHandlers
from kleinbot.chat.results.handlers import ResultHandlers
from kleinbot.chat.results.history_handlers import HistoryHandlers
from kleinbot.chat.results.info_handlers import InfoHandlers
from kleinbot.chat.results.lineage_handlers import LineageHandlers
from kleinbot.chat.setup.handlers import SetUpHandlers
from kleinbot.chat.showcase.handlers import ShowcaseHandlers
from kleinbot.usecases.history import Search
from tests.chat.button_forms import FORMS, JOB_ID, OLD_FORMS

CUSTOM_ID_CHARACTERS = 100

NOT_OURS = (
    f"kb:cancel:{JOB_ID}:0",
    f"kb:cancel:{JOB_ID[1:]}",
    f"kb:cancel:{JOB_ID.upper()}",
    f"kb:vary:{JOB_ID}:4:subtle",
    f"kb:vary:{JOB_ID}:0:extreme",
    f"kb:edit:{JOB_ID}",
    f"kb:fav:{JOB_ID}:",
    f"kb:delyes:{JOB_ID}",
    f"kb:delno:{JOB_ID}:2",
    "kb:hist:x:412:0:",
    f"kb:more:{JOB_ID}:4",
    f"kb:do:{JOB_ID}:0:",
    f"kb:do:{JOB_ID}:0:{'a' * 25}",
    f"kb:do:{JOB_ID}:0:Recipe",
    "kb:hq:page:12345",
    "kb:hq:door:closed:0",
    "kb:qclear:",
    "kb:qkeep:0",
    "kb:",
)


def every_kind() -> set[type[PersistentButton]]:
    return set(PersistentButton.__subclasses__())


def kinds_of(custom_id: str) -> list[type[PersistentButton]]:
    """Return the buttons that take a custom id."""
    return [kind for kind in every_kind() if kind.template.fullmatch(custom_id)]


def read(custom_id: str) -> PersistentButton:
    (kind,) = kinds_of(custom_id)
    match = kind.template.fullmatch(custom_id)
    assert match is not None
    return kind.from_match(match)


@pytest.mark.parametrize("custom_id", FORMS)
def test_a_button_is_written_and_read_back(custom_id: str) -> None:
    button = FORMS[custom_id]
    assert button.custom_id == custom_id
    assert len(custom_id) <= CUSTOM_ID_CHARACTERS
    assert read(custom_id) == button
    assert button.labelled("x").custom_id == custom_id


def test_every_kind_of_button_and_every_field_has_a_form() -> None:
    assert {type(button) for button in FORMS.values()} == every_kind()
    for kind in every_kind():
        assert [field.name for field in fields(kind)] == list(kind.template.groupindex)


@pytest.mark.parametrize("custom_id", OLD_FORMS)
def test_an_old_form_is_still_read(custom_id: str) -> None:
    assert read(custom_id) == OLD_FORMS[custom_id]
    assert read(read(custom_id).custom_id) == OLD_FORMS[custom_id]


def test_the_message_in_an_old_confirmation_is_not_believed() -> None:
    button = read(f"kb:delyes:{JOB_ID}:12345678901234567890")
    assert button == ConfirmDeleteButton(JOB_ID)
    assert button.custom_id == f"kb:delyes:{JOB_ID}:0"


@pytest.mark.parametrize("custom_id", NOT_OURS)
def test_no_button_takes_a_custom_id_that_was_never_sent(custom_id: str) -> None:
    assert kinds_of(custom_id) == []


def test_a_page_keeps_as_much_of_a_search_as_a_custom_id_holds() -> None:
    button = PageButton(True, 1, False, "a" * 200)
    assert button.custom_id == f"kb:hist:o:1:0:{'a' * SEARCH_CHARACTERS}"
    assert PageButton(True, 1, True, "fox").search == Search("fox", favourites=True)


def test_every_kind_of_button_has_one_handler() -> None:
    kinds = Handlers(
        jobs=cast("JobHandlers", JobHandlers),
        create=cast("CreateHandlers", CreateHandlers),
        results=cast("ResultHandlers", ResultHandlers),
        quota=cast("QuotaHandlers", QuotaHandlers),
        moderation=ModerationHandlers(
            members=cast("MemberHandlers", MemberHandlers),
            channels=cast("ChannelHandlers", ChannelHandlers),
            reports=cast("ReportHandlers", ReportHandlers),
            cases=cast("CaseHandlers", CaseHandlers),
            audit=cast("AuditHandlers", AuditHandlers),
            words=cast("WordHandlers", WordHandlers),
        ),
        role_rules=cast("RoleRuleHandlers", RoleRuleHandlers),
        quota_usage=cast("UsageHandlers", UsageHandlers),
        owner=cast("OwnerHandlers", OwnerHandlers),
        owner_queue=cast("OwnerQueueHandlers", OwnerQueueHandlers),
        owner_servers=cast("OwnerServerHandlers", OwnerServerHandlers),
        set_up=cast("SetUpHandlers", SetUpHandlers),
        privacy=cast("PrivacyHandlers", PrivacyHandlers),
        own_pictures=cast("OwnPictureHandlers", OwnPictureHandlers),
        habits=HabitHandlers(
            help=cast("HelpHandlers", HelpHandlers), styles=cast("StyleHandlers", StyleHandlers)
        ),
        finding=FindingHandlers(
            history=cast("HistoryHandlers", HistoryHandlers),
            info=cast("InfoHandlers", InfoHandlers),
            lineage=cast("LineageHandlers", LineageHandlers),
        ),
        showcase=cast("ShowcaseHandlers", ShowcaseHandlers),
    )
    routes = button_routes(kinds, cast("MoreHandlers", MoreHandlers))
    assert len(routes) == len(every_kind())
    assert {route.button for route in routes} == every_kind()
    assert len({route.handle for route in routes}) == len(routes)
