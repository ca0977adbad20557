"""Known vulnerabilities: what the advisory databases say, and what follows from it (rule T2).

``osv``      an advisory database on disk, in OSV's format
``affected`` whether an advisory's ranges hold a version, whatever orders the versions
``judge``    from everybody's answers to one verdict an item
"""
