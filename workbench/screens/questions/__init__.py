"""The server's questions to the user: the dialog that answers them, and when it opens."""
