"""A net for one's own images: a network of the zoo, fitted to a database, with its solver."""

from minicaffe.starter.facts import DataFacts, read_facts
from minicaffe.starter.folder import Wishes, new_model

__all__ = ["DataFacts", "Wishes", "new_model", "read_facts"]
