"""Read these files in order: they are the tutorial of `server_core`, and each of them runs."""
