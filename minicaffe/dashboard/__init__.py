"""A training as a page in the browser: curves, rates, layers, and buttons to steer it.

:class:`~minicaffe.dashboard.live.Dashboard` watches a solver of this process, and
:mod:`~minicaffe.dashboard.follow` reads the logs of others; both give
:class:`~minicaffe.dashboard.run.Run`, of which :mod:`~minicaffe.dashboard.server` shows as many
as there are.
"""

from minicaffe.dashboard.live import Dashboard
from minicaffe.dashboard.server import PageServer

__all__ = ["Dashboard", "PageServer"]
