"""What the tasks share that answer for a picture as a whole with one vector: canvas, augmentation, views, nets."""
