"""People who sign in: who they are, what they may do and see, and for how long."""
