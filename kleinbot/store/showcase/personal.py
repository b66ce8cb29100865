"""What the tables of the showcase hold about people."""

from kleinbot.store.personal_tables import PersonalTable

VOTES = PersonalTable(
    "votes",
    frozenset({"member_id"}),
    export="""
        SELECT v.publication_id AS key_1, 0 AS key_2, j.number AS job, p.position, v.made_ms, v.counts
        FROM votes v INDEXED BY votes_of_member
        CROSS JOIN publications p USING (publication_id) CROSS JOIN jobs j USING (job_id)
        WHERE v.server_id = ?1 AND v.member_id = ?2 AND v.publication_id > ?3
        ORDER BY v.publication_id LIMIT ?5
    """,
    of_jobs=(
        (
            "DELETE FROM votes WHERE publication_id IN (SELECT publication_id FROM publications"
            " WHERE job_id IN (SELECT value FROM json_each(?1)))"
        ),
    ),
    of_member=(
        (
            "UPDATE publications SET votes = votes - 1, post_version = post_version + 1, post_due_ms = 0,"
            " post_state = iif(post_state = 'posted', 'due', post_state) WHERE publication_id IN"
            " (SELECT publication_id FROM (SELECT publication_id, counts FROM votes"
            "  INDEXED BY votes_of_member WHERE server_id = ?1 AND member_id = ?2"
            "  ORDER BY publication_id LIMIT ?3) page WHERE counts = 1)"
        ),
        (
            "DELETE FROM votes WHERE member_id = ?2 AND publication_id IN (SELECT publication_id FROM votes"
            " INDEXED BY votes_of_member WHERE server_id = ?1 AND member_id = ?2"
            " ORDER BY publication_id LIMIT ?3)"
        ),
    ),
)
VOTE_RECOUNTS = PersonalTable(
    "vote_recounts",
    frozenset({"member_id"}),
    of_member=("DELETE FROM vote_recounts WHERE server_id = ?1 AND member_id = ?2 AND ?3 > 0",),
    why="Not given out: whose votes are being counted anew; a row goes as soon as that is done.",
)
PUBLICATIONS = PersonalTable(
    "publications",
    frozenset({"member_id", "caption", "shows_prompt", "post_channel_id", "post_message_id", "post_file"}),
    export="""
        SELECT p.publication_id AS key_1, 0 AS key_2, j.number AS job, p.position, p.caption,
               p.shows_prompt, p.others_may_edit, p.spoiler, p.made_ms, p.ended_ms, p.state, p.votes,
               p.post_channel_id, p.post_message_id, p.post_file
        FROM publications p INDEXED BY publications_of_member CROSS JOIN jobs j USING (job_id)
        WHERE p.server_id = ?1 AND p.member_id = ?2 AND p.publication_id > ?3
        ORDER BY p.publication_id LIMIT ?5
    """,
    of_jobs=(
        (
            "INSERT INTO removals (message_id, channel_id, server_id, due_ms)"
            " SELECT post_message_id, post_channel_id, server_id, 0 FROM publications"
            " WHERE job_id IN (SELECT value FROM json_each(?1)) AND state != 'ended'"
            " AND post_message_id IS NOT NULL ON CONFLICT DO NOTHING"
        ),
        # One that may be under way has to be found and removed: its row stays until then, without a person.
        (
            "UPDATE publications SET member_id = 0, caption = '', state = 'ended'"
            " WHERE job_id IN (SELECT value FROM json_each(?1)) AND post_state = 'posting'"
        ),
        (
            "DELETE FROM publications WHERE job_id IN (SELECT value FROM json_each(?1))"
            " AND post_state != 'posting'"
        ),
    ),
    why="A post that may be under way keeps its row, without its author, until it is found and removed.",
)

TABLES = (VOTES, VOTE_RECOUNTS, PUBLICATIONS)
