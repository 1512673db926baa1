"""The images that come with minicaffe; they are installed as ``minicaffe.datasets``.

:mod:`minicaffe.zoo` copies them beside a network.
"""
