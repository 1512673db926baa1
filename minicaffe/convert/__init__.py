"""From one form of a network to another: fold BatchNorm, exchange weights with PyTorch."""
