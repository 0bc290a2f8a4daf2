"""What workers use of memory and CPU, over weeks: samples in few buckets. All but the meter is pure."""
