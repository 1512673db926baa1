"""Python layers that fail."""

import minicaffe as caffe


class Fails(caffe.Layer):
    def setup(self, bottom, top):
        pass

    def reshape(self, bottom, top):
        top[0].reshape(*bottom[0].shape)

    def forward(self, bottom, top):
        top[0].data[...] = bottom[0].data / self.missing

    def backward(self, top, propagate_down, bottom):
        pass


class NoLayer:
    pass


class Refuses(caffe.Layer):
    def setup(self, bottom, top):
        raise ValueError("param_str holds no number")
