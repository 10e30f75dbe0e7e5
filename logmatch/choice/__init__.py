"""Choice: which lines have records, by their templates, their values and their times."""
