"""Where is each object, to the pixel: a mask, a class and a score for every one."""
