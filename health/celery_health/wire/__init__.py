"""The contract between agent, sidecar, operator and monitor: documents, orders, names and bounds.

Each is declared once. The agent may import nothing of this package. It writes plain JSON, and tests hold its
reports and its copies of the names and bounds to the declarations here.
"""
