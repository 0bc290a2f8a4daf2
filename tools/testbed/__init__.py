"""The test bed: real servers, a namespace with a shop, faults, and waiting with a deadline."""
