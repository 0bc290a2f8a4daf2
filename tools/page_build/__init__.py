"""``make page-vendor``: builds the libraries of the monitor's page into one ES module.

The built files are in git, so that Node is needed only here: not to run, test or install the monitor.
"""
