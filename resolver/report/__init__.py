"""The reports: one module per format, each a pure function from resolutions to text."""
