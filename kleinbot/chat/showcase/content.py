"""Reads what a post in the showcase shows, for whoever sends or edits it."""

from io import BytesIO

import discord

from kleinbot.chat.core.views import MessageContent
from kleinbot.chat.showcase import views
from kleinbot.chat.showcase.views import ShownPublication
from kleinbot.domain.job import Job
from kleinbot.domain.showcase.publications import Publication, PublicationState
from kleinbot.store.database import Database
from kleinbot.store.delivery import posted
from kleinbot.store.members import settings
from kleinbot.texts import FALLBACK, Texts
from kleinbot.usecases.attachments import Attachments, UploadLimits
from kleinbot.usecases.job_queries import JobQueries
from kleinbot.usecases.showcase.credit import credited


class ShowcaseContent:
    """In the language that the server has chosen. Keeps no state."""

    def __init__(
        self, database: Database, queries: JobQueries, attachments: Attachments, texts: Texts
    ) -> None:
        self._database = database
        self._queries = queries
        self._attachments = attachments
        self._texts = texts

    async def view(self, publication: Publication, file: str) -> discord.ui.LayoutView | None:
        """Return the post as it is now, whose picture is in ``file``; None if nothing may be shown."""
        locale = await self._locale(publication)
        if publication.state is PublicationState.HIDDEN:
            return views.hidden(self._texts, locale, publication)
        job = await self._queries.job(publication.key.job_id)
        if publication.state is PublicationState.ENDED or job is None or job.deleted_ms is not None:
            return None
        return views.post(self._texts, locale, await self._shown(publication, job), file)

    async def whole(self, publication: Publication, limits: UploadLimits) -> MessageContent | None:
        """Return the post with its picture, or None if that cannot be read or nothing may be shown."""
        if publication.state is PublicationState.HIDDEN:
            view = await self.view(publication, "")
            return None if view is None else MessageContent(view)
        job = await self._queries.job(publication.key.job_id)
        if job is None or job.deleted_ms is not None:
            return None
        images = [image for image in job.done_images if image.key == publication.key]
        if not images:
            return None
        keeps_recipe = publication.choices.shows_prompt
        picture = await self._attachments.one(images[0], limits, keeps_recipe=keeps_recipe)
        if picture.data is None:
            return None
        # Not named as a result's file is: nobody may take this message for a delivered result.
        file = f"showcase-{publication.publication_id}{picture.suffix}"
        view = await self.view(publication, file)
        if view is None:
            return None
        return MessageContent(view, (discord.File(BytesIO(picture.data), filename=file),))

    async def _shown(self, publication: Publication, job: Job) -> ShownPublication:
        reader = self._database.read
        link = None
        if not job.private:
            message_id = (await posted.delivered(reader, job.job_id)).get(publication.key.position)
            if message_id is not None:
                link = f"https://discord.com/channels/{job.server_id}/{job.channel_id}/{message_id}"
        return ShownPublication(publication, job, await credited(reader, job), link)

    async def _locale(self, publication: Publication) -> str:
        chosen = await settings.of_server(self._database.read, publication.server_id)
        return chosen.locale or FALLBACK
