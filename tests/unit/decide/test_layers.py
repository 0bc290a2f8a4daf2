"""How far one has to follow imports to understand a decision."""

from functools import cache

import grimp

DECIDE = "celery_operator.decide"
MOST = 5


def test_no_chain_of_imports_in_decide_is_longer_than_five_modules() -> None:
    graph = grimp.build_graph("celery_operator")

    @cache
    def longest(module: str) -> tuple[str, ...]:
        others = graph.find_modules_directly_imported_by(module)
        chains = [longest(one) for one in others if one.startswith(f"{DECIDE}.")]
        return module, *max(chains, key=len, default=())

    # The package itself is the table of contents: it calls one layer after the other.
    modules = [module for module in graph.modules if module.startswith(f"{DECIDE}.")]
    assert len(modules) > MOST
    chain = max(map(longest, modules), key=len)
    assert len(chain) <= MOST, " -> ".join(chain)
