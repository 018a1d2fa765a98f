"""The statements, one file a subject."""
