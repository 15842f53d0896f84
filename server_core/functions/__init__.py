"""Plain Python files as modules: decorators for functions, and loading of the files."""
