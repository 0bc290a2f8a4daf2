"""One action on all tasks that a filter finds: first proposed, then confirmed, then done in parts."""
