"""rpm-md families."""
