"""Where the monitor's own alerts go: a file for any number of channels, options for one of each kind."""
