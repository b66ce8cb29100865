-- What the content rules know of each job, as a sum: 1 a picture that the bot did not draw went into it, 2 its prompts
-- speak of children, 4 of something sexual.
-- Why: an edit of an edit of somebody's photo is still an edit of that photo, and what is refused in one instruction
-- must not be reached in two. NULL in older jobs: their own prompt and inputs are looked at instead.
ALTER TABLE jobs ADD COLUMN content_marks INTEGER;
