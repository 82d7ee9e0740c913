"""How a task is worked on: a prompt goes in, a result comes out."""
