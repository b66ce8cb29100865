"""The showcase: the form that shares, the posts, and their buttons."""

from kleinbot.chat.showcase.buttons import GalleryButton, VoteButton, WithdrawButton
from kleinbot.chat.showcase.content import ShowcaseContent
from kleinbot.chat.showcase.handlers import ShowcaseHandlers
from kleinbot.chat.showcase.poster import ShowcasePoster

__all__ = [
    "GalleryButton",
    "ShowcaseContent",
    "ShowcaseHandlers",
    "ShowcasePoster",
    "VoteButton",
    "WithdrawButton",
]
