"""A real Kubernetes for tests and demos: built from Go modules, run without an image registry.

`python3 -m tools.cluster help` lists the commands. Standard library only, so that it runs before any
virtual environment exists. `controlplane.standalone.ControlPlane` is the part without a node, for any user.
"""
