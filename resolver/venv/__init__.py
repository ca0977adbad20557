"""The environment: a venv of the distribution's interpreter that sees OS packages and holds the remainder (rule X2).

``record``              what an environment must hold, and the record of it that each environment carries
``environment``         the commands that make one, planned without touching anything
``install``             the OS transaction, the environment and the check of both, all or nothing (rules X1, X4)
``journal``             one run at a time, and what a killed one leaves for the next
``undo``                the way back: what came with an environment, and the environment
``register``            which environments there are on this machine
``verify``              what is there, held against what must be
``drift``               what ``verify`` looks at beyond what an installation checks
``inside``              the script that the venv's interpreter runs; standard library only
``_distrofirst_site``   the module that, inside a venv, brings in the OS packages; standard library only
"""
