"""Plain Python files as modules: the marks on functions, and the loading of the files."""
