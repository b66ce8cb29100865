"""How a table declares what it holds about people, and how that is given out and deleted.

Each family of tables declares its own in a module ``personal``; ``store.personal_data`` gathers and runs
them.
"""

from dataclasses import dataclass

PAGE_ROWS = 50
"""A statement of ``of_member`` or ``of_person`` changes at most so many rows, and is repeated."""


@dataclass(frozen=True)
class PersonalTable:
    """One table.

    ``columns``: those that tell who somebody is, what they wrote or where that was. None: the table holds
    nothing about people, and ``why`` says why not.
    ``export``: a query of one page of a member's rows. Its columns key_1 and key_2 are the page's key, by
    which it is ordered; its parameters are ?1 server, ?2 member, ?3 and ?4 the key to continue after, ?5 the
    most rows. None: ``why`` says why the rows are not given out.
    ``of_jobs``: statements that delete what belongs to jobs; ?1: their ids, a JSON list. Rows of other people
    that show these jobs are deleted too.
    ``of_member``: statements that delete what else a member has in a server; ?1 server, ?2 member, ?3 the
    most rows.
    ``of_person``: the same for a person in all servers, whoever's rows name them; ?2 person, ?3 the most
    rows.
    ``why``: what is not given out, and what stays, for how long and what for.
    """

    table: str
    columns: frozenset[str] = frozenset()
    export: str | None = None
    of_jobs: tuple[str, ...] = ()
    of_member: tuple[str, ...] = ()
    of_person: tuple[str, ...] = ()
    why: str = ""
