"""Programs for developers: the local cluster, the fault matrix, the soaks, and their test bed."""
