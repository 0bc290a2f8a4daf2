"""Parts of an application that the operator runs, as programs: the managed Redis and Flower."""
