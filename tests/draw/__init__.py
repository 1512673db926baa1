"""Pictures and pages of nets."""
