"""Beat, the managed Redis and Flower."""
