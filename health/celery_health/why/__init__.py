"""Why a task is not running, or what became of it: facts in, one answer out. Nothing here does I/O."""
