"""Questions of pages beyond those of `queries.Reader`: functions of store and scope."""
