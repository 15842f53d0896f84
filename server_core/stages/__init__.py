"""The stages of the pipeline between a request and its handler, each in its own file."""
