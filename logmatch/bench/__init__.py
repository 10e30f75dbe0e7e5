"""
Bench: what it costs to turn given lines into records, measured, and checked.

Everything measured goes the whole way, from files to an output file: reading, matching, extraction, encoding and
writing are included, and so is making engines ready for the templates; starting Python and reading template files are
not. A *round* runs everything once, one after the other, so that what else the machine does hits all alike; ratios are
taken within a round. (The scaling section leaves out what is done once for a run: see `results.SteadyRun`.)

    request     what to measure
    workspace   the temporary directory, which does not outlive the benchmark
    corpus      the lines: the user's, or made from the samples
    isolated    one thing that is measured, in a process of its own
    plain_loop  what a person would write in Python instead
    synthetic   made templates and lines for the scaling section
    scaling     that section
    verify      the answers are compared
    results     what was measured, as values
    rounds      the benchmark itself
    tables      the results as tables and bars of text
    report      these on a terminal, or as Markdown

Not its business: how logmatch does the work (`pipeline.run` is called as `parse` calls it), and options.
"""
