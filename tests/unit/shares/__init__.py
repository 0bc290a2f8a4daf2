"""Tests of the shares of what all CeleryDeployments use together."""
