"""What becomes of a pod: fields of the resource, a template, and what the operator does itself."""
