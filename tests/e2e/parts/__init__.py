"""Beat, the managed Redis and Flower on a real cluster."""
