## Names must be lower case, without spaces, at most 32 characters; descriptions at most 100.

imagine-name = imagine
imagine-description = Draw pictures from a description
imagine-prompt-name = prompt
imagine-prompt-description = What the picture should show (a form asks when left out)
imagine-aspect-name = aspect
imagine-aspect-description = The picture's shape (when left out: as in /settings, else square)
imagine-count-name = count
imagine-count-description = How many pictures, 1 to 4
imagine-quality-name = quality
imagine-quality-description = best: the slower base model in 50 steps, { $pictures } pictures of the quota for each
imagine-seed-name = seed
imagine-seed-description = The same seed and prompt give the same picture (0 to 4294967295)
imagine-private-name = private
imagine-private-description = Only you see the result

queue-name = queue
queue-description = Your jobs in line, with place and expected start
cancel-name = cancel
cancel-description = Cancel a job of yours that is waiting or running
cancel-job-name = job
cancel-job-description = Which one (your newest when left out)
