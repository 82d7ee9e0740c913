"""The durable list of what happened, and who may add to it."""
