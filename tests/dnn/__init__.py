"""minicaffe.dnn, which answers OpenCV's cv2.dnn."""
