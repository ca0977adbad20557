"""What is left to review: which projects of the remainder deserve a look first, and what changed in them.

``ranking``     from what is known of a project to its grounds, their weights and the order
``comparison``  two wheels, and two locks, held against each other
"""
