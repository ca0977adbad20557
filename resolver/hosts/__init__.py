"""The distributions: which release a host runs, what its package manager knows and trusts, what it is told to do.

``releases``            release names, and the host's own
``apt_dump``, ``apt_root``, ``apt_sources``
                        reading apt's metadata, on this host or in a private root, and judging its sources
``debian``              the acting side on Debian and Ubuntu: one transaction, planned, simulated, carried out
``apt_failures``        what apt and dpkg say when they fail, as our errors
"""
