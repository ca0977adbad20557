"""What a target offers: evidence, versions, the metadata formats, and the index that keeps them on disk."""
