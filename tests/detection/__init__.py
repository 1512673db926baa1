"""Boxes of pictures."""
