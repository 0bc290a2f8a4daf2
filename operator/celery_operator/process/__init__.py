"""One operator process: its settings, its log, its endpoints and the election of the leader."""
