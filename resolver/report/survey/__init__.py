"""Many reports in one: of the files below a folder, or of a fleet's hosts. One module per format, each pure."""
