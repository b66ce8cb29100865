"""/host, for the owner alone."""

from kleinbot.chat.owner.handlers import OwnerHandlers
from kleinbot.chat.owner.queue_handlers import OwnerQueueHandlers
from kleinbot.chat.owner.server_handlers import OwnerServerHandlers

__all__ = ["OwnerHandlers", "OwnerQueueHandlers", "OwnerServerHandlers"]
