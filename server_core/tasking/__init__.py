"""Long tasks: storing and running them."""
