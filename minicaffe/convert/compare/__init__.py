"""Whether two forms of a net compute the same: by their outputs, or value by value."""

from minicaffe.convert.compare.outputs import Difference, compare_nets, random_inputs

__all__ = ["Difference", "compare_nets", "random_inputs"]
