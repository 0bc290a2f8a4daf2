"""The owned objects of beat, the managed Redis and Flower."""
