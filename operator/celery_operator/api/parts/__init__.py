"""Parts of an application beside its workers and its monitor, as types: beat, the managed Redis, Flower."""
