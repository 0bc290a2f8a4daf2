"""The contract between agent, sidecar and operator: documents, orders, names and bounds, each declared once.

The agent may import nothing of this package. It writes plain JSON, and tests hold its reports and its copies
of the names and bounds to the declarations here.
"""
