"""What the cluster needs of the machine: programs, packages, locks and mounts."""
