"""The networks that come with minicaffe, a folder each; they are installed as ``minicaffe.models``.

:mod:`minicaffe.zoo` finds them; ``generate`` and ``bn_paper`` are programs of the checkout.
"""
