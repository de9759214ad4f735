"""What is where, pixel by pixel: a class for each pixel of a picture."""
