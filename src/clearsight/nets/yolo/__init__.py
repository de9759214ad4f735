"""The parts of our own one-stage, anchor-free detector: what detection and instance segmentation share.

Written from the papers: feature pyramids with a path back down (Liu et al. 2018, PANet), cross-stage blocks (Wang et al.
2020, CSPNet), decoupled heads (Ge et al. 2021, YOLOX), heads shared by the levels but for their norms and large depthwise
kernels (Lyu et al. 2022, RTMDet), distances as distributions (Li et al. 2020, GFL), and a second head that needs no
suppression (Wang et al. 2024, YOLOv10).
"""
