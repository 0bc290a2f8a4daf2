"""How a topic exchange compares routing keys."""


def topic_matches(binding: str, routing_key: str) -> bool:
    """Whether a binding such as ``shop.*`` or ``shop.#`` takes the routing key."""
    words, reached = routing_key.split("."), {0}
    # The numbers of words that the binding can have taken so far.
    for part in binding.split("."):
        if part == "#":
            reached = set(range(min(reached), len(words) + 1))
        else:
            reached = {at + 1 for at in reached if at < len(words) and part in {"*", words[at]}}
        if not reached:
            return False
    return len(words) in reached
