"""Long tasks: where they are kept, and what runs them."""
