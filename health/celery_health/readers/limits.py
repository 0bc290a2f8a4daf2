"""How long a look at a broker may take, in seconds."""

CONNECT_SECONDS = 2.0
READ_SECONDS = 2.0
TOTAL_SECONDS = 4.5
"""Below the 5 s after which a caller gives a reader up."""
