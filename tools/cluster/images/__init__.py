"""The images that pods run: built, and loaded into the node's image store."""
