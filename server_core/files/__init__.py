"""The parts of the files module: what is in a folder, how it changes, and how its files are read."""
