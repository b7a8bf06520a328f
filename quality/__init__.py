"""Quality: what the table records promise is counted, judged before a commit, and kept as facts.

``rules`` derives rules from records, ``facts`` counts in Spark, ``suite`` has Great Expectations judge the counts, ``gate`` is
what a run calls.
"""
