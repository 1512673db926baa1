"""Layers that find objects in images: SSD's, YOLO's and R-CNN's (not in Caffe's catalogue)."""
