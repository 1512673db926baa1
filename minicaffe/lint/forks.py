"""Layers that only forks of Caffe have, where there is the same in Caffe's own layers."""

from __future__ import annotations

from collections.abc import Iterator

from minicaffe.layers.normalization.batch_norm import scales_inside
from minicaffe.lint.diagnostic import Diagnostic, Severity
from minicaffe.lint.rules import Examined, PhaseNet, rule
from minicaffe.net.graph import LayerRef


@rule("BN011", Severity.NOTE)
def of_another_fork(examined: Examined) -> Iterator[Diagnostic]:
    """A normalisation that only forks have: gamma, beta and statistics are one layer's.

    BN (of SegNet, TSN, PSPNet, ICNet, CTPN), CuDNNBatchNorm, and BatchNorm with ``scale_bias`` or
    ``use_weight_bias`` (of NVCaffe and Intel Caffe) are read, and compute what they do there.
    Caffe, and most tools that read Caffe models, have two layers for it, or refuse the blobs. For a
    deploy net with its weights ``minicaffe fit_target --target=bvlc`` writes Caffe's layers, and
    compares both nets. In a net to train, BatchNorm and Scale are written by hand.

    Found::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "bn" type: "BN" bottom: "data" top: "bn"
          bn_param { slope_filler { type: "constant" value: 1 } eps: 1e-5 } }

    Mended::

        layer { name: "data" type: "Input" top: "data"
          input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
        layer { name: "bn" type: "BatchNorm" bottom: "data" top: "bn" }
        layer { name: "scale" type: "Scale" bottom: "bn" top: "bn"
          scale_param { bias_term: true } }
    """
    for net in examined.nets:
        found = [layer for layer in net.graph.layers if _of_a_fork(net, layer)]
        if found:
            types = " and ".join(sorted({layer.type for layer in found}))
            yield net.remark(
                found[0],
                f"gamma, beta and statistics are in one layer, {types} ({len(found)} of them): "
                "only forks of Caffe have that",
                "`minicaffe fit_target --target=bvlc` writes Caffe's layers, with their weights",
            )


def _of_a_fork(net: PhaseNet, layer: LayerRef) -> bool:
    if layer.type in ("BN", "CuDNNBatchNorm"):
        return True
    inside = layer.type == "BatchNorm" and scales_inside(layer.param.batch_norm_param)
    return inside and all(reader.type != "Scale" for reader in net.readers(layer))
