"""Where is what: boxes around the objects in a picture, each with a class and a score."""
