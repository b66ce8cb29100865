"""What the tables of results hold about people."""

from kleinbot.store.personal_tables import PersonalTable

FAVOURITES = PersonalTable(
    "favourites",
    frozenset({"member_id"}),
    export="""
        SELECT number AS key_1, position AS key_2, number AS job, position, made_ms
        FROM favourites INDEXED BY favourites_by_number
        WHERE server_id = ?1 AND member_id = ?2 AND number >= ?3 AND (number, position) > (?3, ?4)
        ORDER BY number, job_id, position LIMIT ?5
    """,
    of_jobs=("DELETE FROM favourites WHERE job_id IN (SELECT value FROM json_each(?1))",),
    of_member=(
        (
            "DELETE FROM favourites WHERE server_id = ?1 AND member_id = ?2 AND number <= COALESCE("
            " (SELECT number FROM favourites INDEXED BY favourites_by_number"
            "  WHERE server_id = ?1 AND member_id = ?2 ORDER BY number LIMIT 1 OFFSET ?3), 9e18)"
        ),
    ),
)

TAKEDOWNS = PersonalTable(
    "takedowns",
    frozenset({"author_id"}),
    why="Not given out: what is being removed at an author's request; a row goes as soon as that is done.",
)
SEARCH_TOKENS = PersonalTable(
    "search_tokens",
    frozenset({"tokens"}),
    why="Not given out: three characters in a row of the prompts, which are given out with the jobs. A job's"
    " tokens are taken out when it is deleted, and written over when everything about a person is.",
)
SEARCH_PARTS = tuple(
    PersonalTable(f"search_tokens_{part}", why="A part of search_tokens that SQLite keeps.")
    for part in ("config", "data", "idx")
)
PURGES = PersonalTable("purges", why="Which old pictures a server lets go; nothing about a person.")

TABLES = (
    TAKEDOWNS,
    PURGES,
    SEARCH_TOKENS,
    *SEARCH_PARTS,
    FAVOURITES,
)
