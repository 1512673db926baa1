"""What is inside a net, as figures: filters, activations, what a class depends on, mistakes, rates.

    from minicaffe import show

    subject = show.Subject("deploy.prototxt", "lenet.caffemodel")
    show.filters(subject.net, "conv1").savefig("filters.png")
    show.saliency(subject, "photo.jpg").savefig("saliency.png")

All functions return figures of matplotlib (extra ``[plot]``), which notebooks show. What the
figures are made of can be had as arrays: :class:`Subject` has activations and gradients.
"""

from minicaffe.show.inside import activations, filters, gradients
from minicaffe.show.judged import Mistake, batch, confusion, mistakes, top_losses
from minicaffe.show.rates import RateTest, lr_find
from minicaffe.show.saliency import grad_cam, occlusion, saliency
from minicaffe.show.space import embedding, features, nearest, neighbours
from minicaffe.show.subject import Subject

__all__ = [
    "Mistake",
    "RateTest",
    "Subject",
    "activations",
    "batch",
    "confusion",
    "embedding",
    "features",
    "filters",
    "grad_cam",
    "gradients",
    "lr_find",
    "mistakes",
    "nearest",
    "neighbours",
    "occlusion",
    "saliency",
    "top_losses",
]
