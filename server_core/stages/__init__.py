"""The stages of the pipeline: what stands between a request and its handler, each in a file of its own."""
