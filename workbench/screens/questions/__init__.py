"""What a server asks its client's user: the dialog that answers, and when it comes."""
