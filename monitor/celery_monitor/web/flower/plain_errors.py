"""Errors as Flower writes them: the sentence alone, as text."""

from aiohttp import web

from celery_monitor.web.problems import ErrorShape, ProblemError


def _text(problem: ProblemError) -> web.Response:
    # Flower has no 422: values that cannot be used are a 400.
    status = 400 if problem.status == 422 else problem.status
    sentences = [problem.detail, *(f"{error.where}: {error.message}" for error in problem.errors)]
    return web.Response(status=status, text="\n".join(sentences), headers=dict(problem.headers))


PLAIN_ERRORS = ErrorShape(media_type="text/plain", model=None, response=_text)
