"""Tests of the measurements themselves: what they compute, read and write."""
