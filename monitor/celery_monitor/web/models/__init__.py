"""The documents of the API: what queries and bodies may say, and what responses contain."""
