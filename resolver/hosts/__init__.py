"""The distributions: which release a host runs, what its package manager knows and trusts, what it is told to do.

``releases``            release names, and the host's own
``package_files``       what dpkg and rpm know of OS packages' files
``transaction``, ``failures``
                        what every acting side checks, and the form of every table of failures

Debian and Ubuntu:

``apt_dump``, ``apt_root``, ``apt_sources``
                        reading apt's metadata, on this host or in a private root, and judging its sources
``debian``              the acting side: one transaction, planned, simulated, carried out
``apt_removal``         taking OS packages away again
``apt_failures``        what apt and dpkg say when they fail, as our errors

Fedora, RHEL, openSUSE and their kin:

``rpm_tools``           which of dnf5, dnf4 and zypper a host has
``rpm_database``, ``rpm_compare``
                        what rpm itself is asked: what is installed, which EVR is newer
``rpm_manager``, ``dnf``, ``zypper``
                        the acting side: what the three have in common, and what not
``rpm_leftovers``       what an rpm that was killed leaves lying about
``dnf_metadata``, ``zypp_metadata``
                        the reading side: repositories, offers, refreshing, downloading
``dnf4``, ``dnf4_ask``, ``zypp_xml``
                        asking dnf 4's Python interface; reading zypper's XML
``rpm_failures``, with ``rpm_own_failures``, ``dnf_failures``, ``zypper_failures``
                        what rpm and the three say when they fail, as our errors
"""
