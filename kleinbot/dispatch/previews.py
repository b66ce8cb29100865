"""Whose pictures are shown while they are drawn."""

import logging
import sqlite3

from kleinbot.domain.job import Job
from kleinbot.scheduler.cost import CostModel
from kleinbot.scheduler.entries import shape_of
from kleinbot.store.database import Database
from kleinbot.store.members import settings

_log = logging.getLogger(__name__)

LEAST_S = 5.0
"""A job that is expected to be drawn sooner is not worth an upload."""


class PreviewChoices:
    """``are_on``: the host's choice for all."""

    def __init__(self, database: Database, cost_model: CostModel, *, are_on: bool) -> None:
        self._database = database
        self._cost_model = cost_model
        self._are_on = are_on

    async def wanted(self, job: Job) -> bool:
        """Return whether ``job`` takes long enough, by times measured here, and its member wants previews."""
        shape = shape_of(job.spec)
        if not self._are_on or not self._cost_model.knows(shape):
            return False
        if self._cost_model.expected_s(shape, job.count) <= LEAST_S:
            return False
        try:
            return (await settings.of_member(self._database.read, job.member)).previews
        except sqlite3.Error as error:
            _log.info("job %s has no previews: %s", job.job_id, error)
            return False
