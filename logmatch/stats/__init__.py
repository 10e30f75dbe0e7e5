"""Stats: what a log holds, in numbers, and how two logs differ; for `logmatch stats` and `logmatch diff`."""
