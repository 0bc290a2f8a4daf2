"""An application that needs a library which is not there."""

import a_library_that_is_not_there  # type: ignore[import-not-found]  # noqa: F401
