"""The parts of the files module: a folder's contents, its changes, and reading its files."""
