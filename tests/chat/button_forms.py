"""A custom id of every form that a button has or ever had. After an addition, write the golden lists anew."""

from kleinbot.chat.core.buttons import PersistentButton
from kleinbot.chat.create.buttons import EditButton, RerollButton, VaryButton
from kleinbot.chat.jobs.buttons import CancelButton
from kleinbot.chat.moderation.buttons import AuditPageButton, CaseActionButton, CaseButton, WordsPageButton
from kleinbot.chat.more.buttons import MoreActionButton, MoreButton
from kleinbot.chat.owner.buttons import OwnerCancelButton, OwnerPageButton, ServiceModeButton
from kleinbot.chat.privacy.buttons import (
    EraseButton,
    KeepDataButton,
    NamedButton,
    OthersMayEdit,
    OthersMayEditButton,
    PostButton,
    PreviewChoice,
    PreviewsButton,
    SettingItem,
    SettingSelect,
    TakeBackMessageButton,
    TakeBackResultButton,
)
from kleinbot.chat.quota.buttons import ClearQuotaButton, ClearRoleRuleButton, KeepQuotaButton
from kleinbot.chat.results.buttons import (
    SEARCH_CHARACTERS,
    ConfirmDeleteButton,
    DeleteButton,
    FavouriteButton,
    FilteredPageButton,
    KeepButton,
    LineageButton,
    PageButton,
    RecipeButton,
    ShowButton,
    UnfavouriteButton,
    UsePromptButton,
    UseWrittenButton,
)
from kleinbot.chat.setup.buttons import FinishSetupButton, OpenSetupButton, SetUpItem, SetUpSelect
from kleinbot.chat.showcase.buttons import GalleryButton, VoteButton, WithdrawButton
from kleinbot.domain.geometry import Aspect
from kleinbot.domain.moderation.reports import CaseAction
from kleinbot.domain.noise import Strength
from kleinbot.domain.service_mode import ServiceMode
from kleinbot.domain.showcase.gallery import GalleryOrder

JOB_ID = "0123456789abcdef01234567"
LONGEST_SEARCH = "\U0001f98a" * SEARCH_CHARACTERS

FORMS: dict[str, PersistentButton] = {
    f"kb:cancel:{JOB_ID}": CancelButton(JOB_ID),
    f"kb:vary:{JOB_ID}:0:subtle": VaryButton(JOB_ID, 0, Strength.SUBTLE),
    f"kb:vary:{JOB_ID}:1:medium": VaryButton(JOB_ID, 1, Strength.MEDIUM),
    f"kb:vary:{JOB_ID}:3:strong": VaryButton(JOB_ID, 3, Strength.STRONG),
    f"kb:reroll:{JOB_ID}": RerollButton(JOB_ID),
    f"kb:edit:{JOB_ID}:2": EditButton(JOB_ID, 2),
    f"kb:fav:{JOB_ID}": FavouriteButton(JOB_ID),
    f"kb:fav:{JOB_ID}:0": FavouriteButton(JOB_ID, 0),
    f"kb:fav:{JOB_ID}:3": FavouriteButton(JOB_ID, 3),
    f"kb:unfav:{JOB_ID}:0": UnfavouriteButton(JOB_ID, 0),
    f"kb:unfav:{JOB_ID}:3": UnfavouriteButton(JOB_ID, 3),
    f"kb:recipe:{JOB_ID}": RecipeButton(JOB_ID),
    "kb:find:o:412:01011:red fox": FilteredPageButton(True, 412, "01011", "red fox"),
    f"kb:find:n:999999999:13741:{LONGEST_SEARCH}": FilteredPageButton(
        False, 999_999_999, "13741", LONGEST_SEARCH
    ),
    f"kb:kin:{JOB_ID}": LineageButton(JOB_ID),
    f"kb:do:{JOB_ID}:0:lineage": MoreActionButton(JOB_ID, 0, "lineage"),
    f"kb:use:{JOB_ID}": UsePromptButton(JOB_ID),
    "kb:usew:16:9": UseWrittenButton(Aspect.WIDE_16_9),
    "kb:usew:1:1:4294967295": UseWrittenButton(Aspect.SQUARE, 4294967295),
    f"kb:del:{JOB_ID}": DeleteButton(JOB_ID),
    f"kb:delyes:{JOB_ID}:0": ConfirmDeleteButton(JOB_ID),
    f"kb:delno:{JOB_ID}:0": KeepButton(JOB_ID, False),
    f"kb:delno:{JOB_ID}:1": KeepButton(JOB_ID, True),
    f"kb:more:{JOB_ID}": MoreButton(JOB_ID),
    f"kb:more:{JOB_ID}:0": MoreButton(JOB_ID, 0),
    f"kb:more:{JOB_ID}:3": MoreButton(JOB_ID, 3),
    f"kb:do:{JOB_ID}:0:recipe": MoreActionButton(JOB_ID, 0, "recipe"),
    f"kb:do:{JOB_ID}:1:command": MoreActionButton(JOB_ID, 1, "command"),
    f"kb:do:{JOB_ID}:3:original": MoreActionButton(JOB_ID, 3, "original"),
    f"kb:do:{JOB_ID}:0:delete": MoreActionButton(JOB_ID, 0, "delete"),
    f"kb:show:{JOB_ID}": ShowButton(JOB_ID),
    "kb:hist:o:12:0:": PageButton(True, 12, False, ""),
    "kb:hist:o:412:0:": PageButton(True, 412, False, ""),
    "kb:hist:n:123456789:1:a red fox: at night": PageButton(False, 123456789, True, "a red fox: at night"),
    f"kb:hist:n:999999999:1:{LONGEST_SEARCH}": PageButton(False, 999999999, True, LONGEST_SEARCH),
    "kb:hq:page:0": OwnerPageButton(0),
    "kb:hq:page:9999": OwnerPageButton(9999),
    "kb:hq:door:open:0": ServiceModeButton(ServiceMode.OPEN, 0),
    "kb:hq:door:paused:12": ServiceModeButton(ServiceMode.PAUSED, 12),
    "kb:hq:door:draining:3": ServiceModeButton(ServiceMode.DRAINING, 3),
    f"kb:hq:cancel:{JOB_ID}:7": OwnerCancelButton(JOB_ID, 7),
    "kb:qclear:0": ClearQuotaButton(None),
    "kb:qclear:123456789012345678": ClearQuotaButton(123456789012345678),
    "kb:qclear:12345678901234567890": ClearQuotaButton(12345678901234567890),
    "kb:qkeep": KeepQuotaButton(),
    "kb:own:aspect": SettingSelect(SettingItem.ASPECT),
    "kb:own:count": SettingSelect(SettingItem.COUNT),
    "kb:own:private": SettingSelect(SettingItem.PRIVATE),
    "kb:setup": OpenSetupButton(),
    "kb:setup-done": FinishSetupButton(),
    **{f"kb:set:{item}": SetUpSelect(item) for item in SetUpItem},
    "kb:erase": EraseButton(),
    "kb:noerase": KeepDataButton(),
    "kb:unmake:123456789012345678": TakeBackMessageButton(123456789012345678),
    f"kb:unmakeof:{JOB_ID}": TakeBackResultButton(JOB_ID),
    f"kb:post:{JOB_ID}": PostButton(JOB_ID),
    **{f"kb:oedit:{choice}": OthersMayEditButton(choice) for choice in OthersMayEdit},
    **{f"kb:previews:{choice}": PreviewsButton(choice) for choice in PreviewChoice},
    "kb:qrole:123456789012345678": ClearRoleRuleButton(123456789012345678),
    "kb:case:7": CaseButton(7),
    "kb:words:3": WordsPageButton(3),
    "kb:audit:0:0:0:": AuditPageButton(0, 0, 0, ""),
    "kb:audit:123456:123456789012345678:1800000000:cancel-as-moderator": AuditPageButton(
        123456, 123456789012345678, 1800000000, "cancel-as-moderator"
    ),
    "kb:judge:7:hide": CaseActionButton(7, CaseAction.HIDE),
    "kb:judge:7:delete": CaseActionButton(7, CaseAction.DELETE),
    "kb:judge:7:delete:1": CaseActionButton(7, CaseAction.DELETE, is_sure=True),
    "kb:judge:7:dismiss": CaseActionButton(7, CaseAction.DISMISS),
    "kb:judge:7:warn": CaseActionButton(7, CaseAction.WARN),
    "kb:judge:7:timeout": CaseActionButton(7, CaseAction.TIMEOUT),
    "kb:judge:123456789012345678:ban": CaseActionButton(123456789012345678, CaseAction.BAN),
    f"kb:do:{JOB_ID}:0:report": MoreActionButton(JOB_ID, 0, "report"),
    f"kb:do:{JOB_ID}:0:share": MoreActionButton(JOB_ID, 0, "share"),
    "kb:named:0": NamedButton(False),
    "kb:named:1": NamedButton(True),
    "kb:vote:7": VoteButton(7),
    "kb:unshare:7": WithdrawButton(7),
    "kb:gal:o:new:3:7": GalleryButton(True, GalleryOrder.NEW, 3, 7),
    "kb:gal:o:new:3:7:~7 foxes": GalleryButton(True, GalleryOrder.NEW, 3, 7, None, "7 foxes"),
    "kb:gal:n:month:3:7:5:~ä:": GalleryButton(False, GalleryOrder.MONTH, 3, 7, 5, "ä:"),
    "kb:gal:n:month:3:7:5": GalleryButton(False, GalleryOrder.MONTH, 3, 7, 5),
}
"""What today's buttons write, and read back."""

OLD_FORMS: dict[str, PersistentButton] = {
    f"kb:delyes:{JOB_ID}:12345678901234567890": ConfirmDeleteButton(JOB_ID),
}
"""What earlier versions wrote. It is read for ever, and written differently today."""

BUTTONS = (*FORMS, *OLD_FORMS)
"""Every custom id above. ``tests.golden`` lists what each of them means."""
