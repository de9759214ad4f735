"""What the tasks share that find objects: canvases, augmentation, answers without repeats, drawing, and their nets."""
