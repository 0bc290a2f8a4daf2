"""Evidence about workers that do not say it themselves, found by trying."""
